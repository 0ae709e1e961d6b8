"""Stages of deals, leads and smart processes: crm.status.list (b24restdocs:
api-reference/crm/status/)."""

from .asked import Asked, Method
from .batch import Answer

STAGES = {
    "STATUS": (("NEW", "Не обработан"), ("IN_PROCESS", "В работе"), ("CONVERTED", "Качественный лид")),
    "DEAL_STAGE": (("NEW", "Новая"), ("PREPARATION", "Подготовка документов"), ("WON", "Сделка успешна")),
    "QUOTE_STATUS": (("DRAFT", "Новое"), ("SENT", "Отправлено клиенту")),
}


def _list(asked: Asked) -> Answer:
    wanted = asked.upper().get("FILTER")
    chosen = {str(name).upper(): str(value) for name, value in wanted.items()} if isinstance(wanted, dict) else {}
    rows = [
        {"ID": str(100 + place), "ENTITY_ID": entity, "STATUS_ID": status, "NAME": name, "SORT": str(10 * place)}
        for entity, stages in STAGES.items()
        for place, (status, name) in enumerate(stages, 1)
    ]
    rows = [row for row in rows if all(row.get(name) == value for name, value in chosen.items())]
    return Answer(rows, total=len(rows))


METHODS: dict[str, Method] = {"crm.status.list": _list}
