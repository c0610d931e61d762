"""The history and the tables of a recognition tell which account corrected what, also after it was undone."""

import csv
import io

from flask.testing import FlaskClient
from openpyxl import load_workbook

from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from tests.web.auth.conftest import ANN, PASSWORD, As
from tests.web.making import asked

BOB = Account(Kind.CLIENT, "bob", frozenset({Scope.READ, Scope.RECOGNIZE}), "")


def put(client: FlaskClient, uri: str, **values: str) -> None:
    tag = client.get(uri).headers["ETag"]
    body = {"Corrections": [{"Scan": 1, "Name": name, "Value": value} for name, value in values.items()]}
    assert client.put(uri, json=body, headers={"If-Match": tag}).status_code == 200


def test_who_corrected_what_is_recorded(acting: As, accounts: Accounts) -> None:
    accounts.add(BOB, PASSWORD)
    ann, bob = acting(ANN), acting(BOB)
    recognition = f"/api/recognitions/{ann.post('/api/recognitions?keep', json=asked()).get_json()['Identifier']}"
    uri = f"{recognition}/corrections"
    put(ann, uri, Name="Ada", Signature="yes")
    put(bob, uri, Name="Ida", Signature="yes")
    assert [(one["Value"], one["By"]) for one in ann.get(uri).get_json()["Corrections"]] == [
        ("Ida", "bob"),
        ("yes", "ann"),
    ]
    head, row = csv.reader(io.StringIO(ann.get(f"{recognition}/results.csv").text.lstrip("\ufeff")))
    assert row[head.index("Corrected")] == "Name (bob); Signature (ann)"
    book = load_workbook(io.BytesIO(ann.get(f"{recognition}/results.xlsx").data))
    assert [cell.value for cell in book["Results"][2]][head.index("Corrected")] == "Name (bob); Signature (ann)"
    book.close()
    put(bob, uri, Name="Ida")
    history = ann.get(f"{uri}/history").get_json()["Corrections"]
    assert [(one["Name"], one["Value"], one["By"]) for one in history] == [
        ("Name", "Ada", "ann"),
        ("Signature", "yes", "ann"),
        ("Name", "Ida", "bob"),
        ("Signature", None, "bob"),
    ]
    assert [one["At"] for one in history] == sorted(one["At"] for one in history)


def test_nobody_can_say_that_another_account_corrected_something(acting: As) -> None:
    ann = acting(ANN)
    uri = f"/api/recognitions/{ann.post('/api/recognitions?keep', json=asked()).get_json()['Identifier']}/corrections"
    body = {"Corrections": [{"Scan": 1, "Name": "Name", "Value": "Ada", "By": "eve", "At": 5}]}
    answer = ann.put(uri, json=body, headers={"If-Match": "*"}).get_json()["Corrections"]
    assert answer[0]["By"] == "ann"
    assert answer[0]["At"] > 10**9
