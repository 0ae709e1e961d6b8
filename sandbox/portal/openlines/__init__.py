"""The contact centre of a portal: open lines, connectors, sessions, and what operators see of them.

Read from the server's modules imconnector, imopenlines and im (yuliai/bitrix-modules) and from
bitrix24/b24restdocs, api-reference/imopenlines and api-reference/chats. Where the two differ the
modules are followed.
"""
