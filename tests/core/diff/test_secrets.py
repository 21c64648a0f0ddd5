"""What is a secret by its name, its place or its shape is never told, though no engine marks it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.diff.fields import changed_fields
from trimtab.diff.secrets import masked, secret_name, secret_shape
from trimtab.resources.inputs import SECRET

NAMES = (
    "password masterPassword master_user_password adminPassword administratorLoginPassword rootPassword "
    "clientSecret secretString secret_data STRIPE_KEY API_TOKEN apiToken auth.password privateKeyPem "
    "primaryAccessKey access_key accountKey connectionString userData user_data_base64 customData "
    "metadata_startup_script set_sensitive"
)
PLAIN_NAMES = (
    "name kmsKeyId kms_key_id keyName ssh_key_name hashKey partition_key secretName secret_arn "
    "secretKeyRef imagePullSecretsName httpTokens max_tokens tokenTtl passwordLength instanceType "
    "publicKey KEY region enable_secret_rotation"
)
SHAPES = (
    "-----BEGIN RSA PRIVATE KEY-----\nx",
    "-----BEGIN PRIVATE KEY-----",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_0123456789abcdefghij",
    "glpat-0123456789abcdefghij",
    "sk_live_0123456789",
    "https://user:pass@github.com/a/b.git",
    "https://0123456789abcdef0123@github.com/a",
    "postgres://shop:hunter2@db:5432/shop",
    "Server=db;User=sa;Password=hunter2;",
    "DefaultEndpointsProtocol=https;AccountKey=abcd==",
    "https://a.blob.core.windows.net/b?sv=1&sig=abcdef",
    "Authorization: Basic dXNlcjpwYXNz",
    "Bearer 0123456789abcdef",
    "--db-password=hunter2",
    "auth:\n  password: hunter2\n",
    json.dumps([{"environment": [{"name": "X_TOKEN", "value": "hunter2"}]}]),
    json.dumps({"password": "hunter2"}),
)
PLAIN_SHAPES = (
    "m7i.large",
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/db-abcdef",
    "projects/p/secrets/s/versions/1",
    "https://github.com/a/b.git",
    "git@github.com:a/b.git",
    "Basic tier",
    "password: ${random_password.it.result}",
    "10.0.0.0/16",
)


@pytest.mark.parametrize("name", NAMES.split())
def test_a_name_that_a_secret_has(name: str) -> None:
    assert secret_name(name)


@pytest.mark.parametrize("name", PLAIN_NAMES.split())
def test_a_name_that_tells_something_of_a_secret_or_nothing(name: str) -> None:
    assert not secret_name(name)


@pytest.mark.parametrize("text", SHAPES)
def test_a_shape_that_a_secret_has(text: str) -> None:
    assert secret_shape(text)


@pytest.mark.parametrize("text", PLAIN_SHAPES)
def test_a_shape_that_others_have(text: str) -> None:
    assert not secret_shape(text)


def test_where_a_secret_stands() -> None:
    given_ = {
        "env": [{"name": "DB_PASSWORD", "value": "leak"}, {"name": "MODE", "value": "fast"}],
        "args": ["--token", "leak", "--verbose", "yes"],
        "auth": {"secret": {"name": "db", "text": "leak", "retries": 3}},
        "type": "SecureString",
        "value": "leak",
        "tags": {"api_token": "leak", "team": "web"},
        "automountServiceAccountToken": True,
    }
    assert masked(given_) == {
        "env": [{"name": "DB_PASSWORD", "value": SECRET}, {"name": "MODE", "value": "fast"}],
        "args": ["--token", SECRET, "--verbose", "yes"],
        "auth": {"secret": {"name": "db", "text": SECRET, "retries": SECRET}},
        "type": "SecureString",
        "value": SECRET,
        "tags": {"api_token": SECRET, "team": "web"},
        "automountServiceAccountToken": True,
    }


def test_that_a_secret_changed_is_told_and_nothing_more() -> None:
    (change,) = changed_fields({"password": "one", "size": 1}, {"password": "two", "size": 1})
    assert (change.path, change.before, change.after) == ("password", SECRET, SECRET)
    (added,) = changed_fields({}, {"auth": {"password": "leak"}})
    assert added.before is None
    assert "leak" not in str(added.after)
    (made,) = changed_fields({}, {"result": "leak"}, "random:index/randomPassword:RandomPassword")
    assert made.after == SECRET
    assert changed_fields({"args": ["--token", "a"]}, {"args": ["--token", "b"]})[0].after == SECRET
    longer = changed_fields({"args": []}, {"args": ["--token", "b"]})
    assert [each.after for each in longer] == ["--token", SECRET]


@given(st.text(max_size=30), st.text("abcdef", min_size=6, max_size=9))
def test_nothing_under_a_secret_name_is_told(name: str, leak: str) -> None:
    for field in changed_fields({}, {f"{name}password": {"x": [leak, {"y": leak}]}}):
        assert leak not in str(field.after)
