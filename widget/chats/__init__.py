"""Chats: create or open one, read its history, send. One line and one phone is one chat, from any
card."""
