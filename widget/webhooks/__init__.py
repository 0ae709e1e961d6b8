"""Events of Bitrix24 and webhooks of gateways: verified and written down at once, worked on
later."""
