"""Which texts name a place in object storage."""

import pytest

from runner.core.bucket_url import BucketUrlError, bucket_url, is_url


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("s3://films", "s3://films"),
        ("s3://films/", "s3://films"),
        ("S3://films/spring/2026/", "s3://films/spring/2026"),
        ("gs://films/déjà vu", "gs://films/déjà vu"),
        ("az://container/x", "az://container/x"),
    ],
)
def test_a_url_has_one_spelling(text, spelt):
    assert str(bucket_url(text)) == spelt


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "https://films",
            "'https://' is no storage that is known",
            "write s3://bucket/prefix, gs://, az://, or a local path",
        ),
        (
            "s3:/films/spring",
            "a URL has '://' after its scheme",
            "write s3://bucket/prefix, gs://, az://, or a local path",
        ),
        ("s3://films//x", "the prefix has an empty, '.' or '..' folder", "write one '/' between two names"),
        ("s3://films/../x", "the prefix has an empty, '.' or '..' folder", "write one '/' between two names"),
        ("s3://films/a\\b", "the prefix has a backslash or a control character", "write plain names"),
        ("s3://films/a\nb", "the prefix has a backslash or a control character", "write plain names"),
        ("s3://films/" + "a" * 401, "the prefix has more than 400 bytes", "name a shorter one"),
    ],
)
def test_what_names_no_place_is_refused_with_the_way_out(text, message, hint):
    with pytest.raises(BucketUrlError) as refusal:
        bucket_url(text)
    assert (refusal.value.message, refusal.value.hint) == (message, hint)


@pytest.mark.parametrize(
    "text",
    [
        "s3://AKIA:hush@films/x",
        "s3://hush@films",
        "s3://films/x?X-Amz-Signature=hush",
        "s3://films/x#hush",
        "s3://films:9000/hush",
        "s3:///hush",
        "s3://",
    ],
)
def test_what_may_be_a_secret_is_refused_and_not_shown(text):
    with pytest.raises(BucketUrlError) as refusal:
        bucket_url(text)
    assert "hush" not in f"{refusal.value.message} {refusal.value.hint}"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("s3://films", True),
        ("x+y-1.2://z", True),
        ("S3:/films", True),
        ("outputs/films", False),
        ("/a://b", False),
        ("a:/b", False),
    ],
)
def test_a_url_is_told_from_a_path(text, is_one):
    assert is_url(text) == is_one
