"""The blueprint that the views of this folder share."""

from flask import Blueprint

pages = Blueprint("admin", __name__, url_prefix="/app")
