"""The blueprint that the views of this folder share."""

from flask import Blueprint

pages = Blueprint("chats", __name__, url_prefix="/chats")
