"""Results of speech jobs. Shapes: 436/80171, 1045/73386; SoundHound and VocalScore as the public SDKs read them."""

from ciq_mock.results.echo import element
from ciq_mock.results.finished import RECOGNISED_TEXT, Finished


def recognition(job: Finished) -> bytes:
    """SpeechRecognitionResult: the length of the recording, and its text."""
    return element(
        b"SpeechRecognitionResult",
        element(b"AudioTime", b"%d.000" % job.seconds),
        element(b"Result", RECOGNISED_TEXT.encode()),
    )


def song(job: Finished) -> bytes:
    """SoundHoundResult: one song."""
    inlier = element(b"Inlier", b"%d" % job.draw("inlier", 10, 500))
    names = element(b"SingerName", b"sample singer"), element(b"SongName", b"sample song")
    return element(b"SoundHoundResult", element(b"SongList", inlier, *names))


def score(job: Finished) -> bytes:
    """VocalScoreResult: pitch and rhythm of one sentence."""
    parts = []
    for name in (b"PitchScore", b"RhythemScore"):
        points = b"%d" % job.draw(name.decode(), 40, 99)
        end = element(b"EndTime", b"%d" % job.seconds)
        sentence = element(b"SentenceScores", element(b"StartTime", b"0"), end, element(b"Score", points))
        parts.append(element(name, element(b"TotalScore", points), sentence))
    return element(b"VocalScoreResult", *parts)
