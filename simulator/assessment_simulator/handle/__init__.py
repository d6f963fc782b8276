"""Parts of `assessment_simulator.client`: a connection, the control calls, and the listener for webhooks."""
