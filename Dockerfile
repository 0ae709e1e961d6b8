# The service as an image: web and worker are one image and two commands (compose.yaml, deploy/kubernetes).
# Debian's own Python: its fixes come with the base, and the whole is a third smaller than on an image of Python.

FROM debian:bookworm-slim AS packages
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip
COPY requirements.txt requirements-voice.txt /
# Not empty: voice messages can be recorded, and the image is 106 MB larger.
ARG VOICE=
# --no-deps: the file is complete, and each line of it has a hash. Compiled here, because the root is read-only later;
# what is only ever read as data stays as it is. Of the world's languages the image has those that the pages speak.
RUN python3 -m pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps --no-compile \
      --target /packages -r /requirements.txt ${VOICE:+-r /requirements-voice.txt} \
 && find /packages/babel/locale-data -type f ! -name 'root.dat' ! -name 'en*.dat' ! -name 'ru*.dat' -delete \
 && python3 -m compileall -q -x 'geodata|carrierdata|/testing/|/tests/' /packages

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
 && useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin widget
ENV PYTHONPATH=/packages PATH=/packages/bin:/usr/bin:/bin PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=packages /packages /packages
WORKDIR /app
COPY wsgi.py gunicorn.conf.py ./
COPY ratelimit ratelimit
COPY static static
COPY templates templates
COPY widget widget
RUN python3 -m compileall -q /app
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
CMD ["python3", "-m", "gunicorn", "wsgi:app", "--bind", "0.0.0.0:8000"]
