"""Recordings of a browser, made into voice notes that WhatsApp plays."""
