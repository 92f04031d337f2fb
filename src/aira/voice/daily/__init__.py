"""Calls over Daily's SIP rooms: the webhook answers at once, a room and a bot are made meanwhile, then the call is put through to them."""
