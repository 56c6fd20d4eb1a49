"""Notes: what staff write about an account, never shown to shoppers (Kibo behaviour 12)."""

from shops import ACCOUNTS, Shop, fault

INVALID = "MISSING_OR_INVALID_PARAMETER"


async def notes_of(shop: Shop) -> str:
    """The path of a new account's notes."""
    return f"{ACCOUNTS}/{(await shop.account())['id']}/notes"


async def test_a_note_is_written_read_changed_and_removed(shop: Shop) -> None:
    path = await notes_of(shop)

    made = (await shop.post(path, {"content": "Likes tea"})).json()
    assert made["content"] == "Likes tea"
    assert made["auditInfo"]["createBy"] == shop.client_id
    assert (await shop.get(f"{path}/{made['id']}")).json() == made

    changed = (await shop.put(f"{path}/{made['id']}", {"content": "Likes coffee"})).json()
    assert (changed["id"], changed["content"]) == (made["id"], "Likes coffee")
    assert changed["auditInfo"]["createDate"] == made["auditInfo"]["createDate"]

    assert (await shop.delete(f"{path}/{made['id']}")).status_code == 204
    assert fault(await shop.get(f"{path}/{made['id']}")) == (404, "ITEM_NOT_FOUND", None)
    assert (await shop.get(path)).json()["items"] == []


async def test_a_note_keeps_its_text_as_it_is(shop: Shop) -> None:
    path = await notes_of(shop)
    for text in ("  two\n lines ", "字 🙂 é e\u0301", "<b>no markup</b>", "x" * 4_000, "a\\b'c\"d%_"):
        made = (await shop.post(path, {"content": text})).json()
        assert (await shop.get(f"{path}/{made['id']}")).json()["content"] == text


async def test_the_oldest_note_comes_first(shop: Shop) -> None:
    path = await notes_of(shop)
    for n in range(5):
        await shop.post(path, {"content": f"{n}"})

    page = (await shop.get(path)).json()
    newest = (await shop.get(path, params={"sortBy": "id desc", "pageSize": 2})).json()

    assert [note["content"] for note in page["items"]] == ["0", "1", "2", "3", "4"]
    assert [note["content"] for note in newest["items"]] == ["4", "3"]
    assert newest["pageCount"] == 3


async def test_a_note_of_another_account_is_not_found(shop: Shop) -> None:
    path, other = await notes_of(shop), await notes_of(shop)
    theirs = (await shop.post(other, {"content": "theirs"})).json()

    for method, body in (("GET", None), ("PUT", {"content": "mine"}), ("DELETE", None)):
        assert fault(await shop.call(method, f"{path}/{theirs['id']}", json=body))[0] == 404
    assert (await shop.get(f"{other}/{theirs['id']}")).json() == theirs


async def test_a_note_says_something_and_holds_no_card_number(shop: Shop) -> None:
    path = await notes_of(shop)
    made = (await shop.post(path, {"content": "fine"})).json()
    cards = ("4111 1111 1111 1111", "Card: 5555-5555-5555-4444 exp 12/27, cvv 123")
    for body in ({}, *({"content": text} for text in (None, "", " \n", "x" * 4_001, *cards))):
        assert fault(await shop.post(path, body)) == (400, INVALID, "content")
        assert fault(await shop.put(f"{path}/{made['id']}", body)) == (400, INVALID, "content")
    assert [note["content"] for note in (await shop.get(path)).json()["items"]] == ["fine"]


async def test_an_unknown_account_is_said_before_a_bad_note(shop: Shop) -> None:
    for path in (f"{ACCOUNTS}/999999999/notes", f"{ACCOUNTS}/999999999/contacts"):
        assert fault(await shop.post(path, {"content": "", "label": "x" * 999}))[0] == 404


async def test_a_number_that_only_looks_like_a_card_is_welcome(shop: Shop) -> None:
    path = await notes_of(shop)
    for text in (
        "Order 4111111111111112",
        "Call +49 30 1234567 or 0151 23456789",
        "SKU 9780306406157",
        "2024-05-17 10:30",
    ):
        assert (await shop.post(path, {"content": text})).status_code == 201, text


async def test_no_shopper_reads_or_writes_notes(shop: Shop) -> None:
    ticket = await shop.shopper()
    path = f"{ACCOUNTS}/{ticket['customerAccount']['id']}/notes"
    made = (await shop.post(path, {"content": "difficult"})).json()

    for method, one, body in (
        ("GET", path, None),
        ("POST", path, {"content": "mine"}),
        ("GET", f"{path}/{made['id']}", None),
        ("PUT", f"{path}/{made['id']}", {"content": "nice"}),
        ("DELETE", f"{path}/{made['id']}", None),
    ):
        assert fault(await shop.call(method, one, json=body, shopper=ticket["accessToken"]))[0] == 403
    current = await shop.get(f"{ACCOUNTS}/current", shopper=ticket["accessToken"])
    assert "difficult" not in current.text
    sent = await shop.put(path.removesuffix("/notes"), {"notes": [{"content": "nice"}]}, shopper=ticket["accessToken"])
    assert sent.status_code == 200
    assert [note["content"] for note in (await shop.get(path)).json()["items"]] == ["difficult"]
