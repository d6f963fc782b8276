"""unittest: one server for the module, a sandbox for each test."""

import subprocess
import unittest

import requests

from assessment_simulator.client import Simulator


def setUpModule():
    global server, url
    command = ["assessment-simulator", "serve", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    url = server.stdout.readline().removeprefix("listening on ").strip()


def tearDownModule():
    server.terminate()
    server.communicate()


class Hiring(unittest.TestCase):
    def setUp(self):
        self.simulator = self.enterContext(Simulator(url))

    def test_a_completed_assessment_sends_a_webhook(self):
        pi, person = (
            self.simulator.predictive_index,
            {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"},
        )
        made = requests.post(f"{pi.url}/behavioralassessments", headers=pi.headers(), json=person).json()
        self.simulator.complete(made["assessmentId"])
        webhook = self.simulator.webhooks.wait_for({"assessmentState": "40"})
        self.assertEqual(webhook.form["assessmentId"], made["assessmentId"])


if __name__ == "__main__":
    unittest.main()
