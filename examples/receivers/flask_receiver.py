"""A callback receiver with Flask: `python flask_receiver.py --port 8000 [--data FILE]`."""

import argparse

from counted_jobs import LARGEST, Jobs, RejectedError, jobs_of
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import ClientDisconnected


def application(jobs: Jobs) -> Flask:
    """Returns the application: POST /callbacks, GET /seen/JOB."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST

    @app.post("/callbacks")
    def callbacks() -> ResponseReturnValue:
        try:
            body = request.get_data()  # raises 413 for a larger body
        except ClientDisconnected:
            return "the body is not complete", 400
        try:
            for job in jobs_of(body):
                jobs.count(job)
        except RejectedError as error:
            return str(error), 400
        return "ok"

    @app.get("/seen/<path:job>")
    def seen(job: str) -> ResponseReturnValue:
        times = jobs.times(job)
        return jsonify(times=times), 200 if times else 404

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", default=":memory:", help="database file; without one a restart forgets all jobs")
    given = parser.parse_args()
    application(Jobs(given.data)).run(port=given.port, threaded=True)
