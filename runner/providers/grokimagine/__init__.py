"""The GrokImagine API (https://grokimagineapi.com): its words stand in this folder and nowhere else.

capabilities  what it takes and documents
strict_json   its bytes, read without trusting them
fields        its words for states, charges, URLs and errors -> ours
wire          requests -> bytes; answers -> outcomes (pure)
exchange      one request over aiohttp, with the proof of what left this machine
client        the provider
"""
