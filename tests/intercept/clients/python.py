"""Both flows by one of Python's HTTP clients, with the vendors' hosts written in: python.py NAME."""

import asyncio
import json
import sys
import urllib.request

PYMETRICS, PI = "https://api.pymetrics.com/mercury", "https://pi.predictiveindex.com/api/v1/behavioralassessments"
CLIENT = {"client_id": "live-client", "client_secret": "live-secret", "grant_type": "client_credentials"}
PERSON = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}


def with_requests():
    import requests

    with requests.Session() as session:
        return lambda method, url, headers, body: session.request(method, url, headers=headers, json=body).json()


def with_httpx():
    import httpx

    client = httpx.Client()
    return lambda method, url, headers, body: client.request(method, url, headers=headers, json=body).json()


def with_aiohttp():
    import aiohttp

    async def send(method, url, headers, body):
        async with aiohttp.ClientSession() as made, made.request(method, url, headers=headers, json=body) as answer:
            return await answer.json()

    return lambda *call: asyncio.run(send(*call))


def with_urllib():
    def send(method, url, headers, body):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {**headers, "Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    return send


def with_urllib3():
    import urllib3

    pool = urllib3.PoolManager()
    return lambda method, url, headers, body: pool.request(method, url, headers=headers, json=body).json()


send = globals()[f"with_{sys.argv[1]}"]()
token = send("POST", f"{PYMETRICS}/oauth/token", {}, CLIENT)["access_token"]
keys = {"Authorization": f"Bearer {token}", "X-Api-Key": "live-key"}
assessment = send("GET", f"{PYMETRICS}/configuration", keys, None)["assessments"][0]["id"]
candidate = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"}
wish = {"candidate": candidate, "assessment_id": assessment, "application_id": "a-1"}
order = send("POST", f"{PYMETRICS}/order", keys, wish)["order"]["id"]
made = send("POST", PI, {"api-key": "live-pi-key"}, PERSON)["assessmentId"]
found = send("GET", f"{PI}/{made}", {"api-key": "live-pi-key"}, None)
print("order", order, "assessment", found["assessmentId"])
