"""httpx: an asynchronous client, and pymetrics' token as its authentication."""

import asyncio

import httpx


class PymetricsAuth(httpx.Auth):
    """Requests a token when there is none, and once more when the vendor no longer accepts it."""

    requires_response_body = True

    def __init__(self, keys):
        self.keys, self.token = keys, None

    def auth_flow(self, request):
        for _ in range(2):
            if self.token is None:
                body = {**self.keys, "grant_type": "client_credentials"}
                granted = yield httpx.Request("POST", request.url.copy_with(path="/mercury/oauth/token"), json=body)
                self.token = granted.json()["access_token"]
            request.headers["Authorization"] = f"Bearer {self.token}"
            response = yield request
            if response.status_code != 401:
                return
            self.token = None


async def ordered(simulator):
    vendor = simulator.pymetrics
    auth = PymetricsAuth({"client_id": vendor.client_id, "client_secret": vendor.client_secret})
    headers = {"X-Api-Key": vendor.api_key}
    async with httpx.AsyncClient(base_url=vendor.url, auth=auth, headers=headers, trust_env=False) as http:
        assessments = (await http.get("/mercury/configuration")).json()["assessments"]
        order = {
            "candidate": {"email": "ada@example.com", "first_name": "Ada"},
            "assessment_id": assessments[0]["id"],
            "application_id": "application-1",
        }
        made = (await http.post("/mercury/order", json=order)).json()["order"]
        # The token expires. This call blocks, so it runs in a thread of its own.
        await asyncio.to_thread(simulator.clock.advance, "2h")
        await asyncio.to_thread(simulator.complete, made["id"])
        return (await http.get(f"/mercury/getOrder/{made['id']}")).json()


def test_an_order_is_fulfilled_although_the_token_expired(simulator):
    assert asyncio.run(ordered(simulator))["status"] == "Fulfilled"
