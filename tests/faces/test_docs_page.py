"""The interactive documentation: one page, and nothing on it from anywhere else."""

import html
import json
import re

import httpx

from patron.web import docs


async def test_every_file_that_the_page_names_is_served_by_us_and_kept_for_ever(http: httpx.AsyncClient) -> None:
    page = (await http.get("/docs")).text

    named = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert len(named) == 8
    for address in named:
        assert re.match(r"/(docs|openapi)/", address), address
        served = await http.get(address)
        assert served.status_code == 200, address
        if address.startswith("/docs/"):
            assert served.headers["cache-control"] == "public, max-age=31536000, immutable", address
            assert served.content, address
            kind = served.headers["content-type"].split(";")[0]
            assert kind == {"js": "text/javascript", "css": "text/css", "png": "image/png"}[address.rpartition(".")[2]]


async def test_the_page_names_the_documents_that_we_serve(http: httpx.AsyncClient) -> None:
    page = (await http.get("/docs")).text

    (data,) = re.findall(r'data-documents="([^"]+)"', page)
    documents = json.loads(html.unescape(data))

    assert documents == [
        {"name": "Kibo", "url": "/openapi/kibo.json"},
        {"name": "JSON:API", "url": "/openapi/jsonapi.json"},
    ]
    for document in documents:
        served = await http.get(document["url"])
        assert served.headers["content-type"] == "application/json"
        assert served.json()["openapi"] == "3.1.0"


def test_a_further_document_is_added_to_the_page() -> None:
    page = docs._page((("Kibo", "/openapi/kibo.json"), ('<"&>', "/openapi/other.json")))

    (data,) = re.findall(r'data-documents="([^"]+)"', page)

    assert [one["name"] for one in json.loads(html.unescape(data))] == ["Kibo", '<"&>']
    assert '<"&>' not in page


async def test_the_browser_is_told_to_load_nothing_from_elsewhere(http: httpx.AsyncClient) -> None:
    answer = await http.get("/docs")

    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    sources = {source for allowed in policy.values() for source in allowed.split()}
    assert sources == {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self'"


async def test_no_style_and_no_script_of_ours_names_an_outside_address(http: httpx.AsyncClient) -> None:
    page = (await http.get("/docs")).text
    texts = {
        address: (await http.get(address)).text
        for address in re.findall(r'(?:src|href)="(/docs/[^"]+(?:js|css))"', page)
    }

    assert "//" not in page
    assert len(texts) == 5
    for address, text in texts.items():
        if address.endswith(".css"):
            assert "@import" not in text
            assert {loaded[:5] for loaded in re.findall(r"url\(\s*[\"']?([^)]+)", text)} <= {"data:"}, address
        if address.endswith("docs.js"):
            assert "validatorUrl: null" in text
            assert not re.search(r"https?:", text)


async def test_an_address_of_older_or_unknown_files_is_not_served(http: httpx.AsyncClient) -> None:
    page = (await http.get("/docs")).text
    version = re.findall(r"/docs/([0-9a-f]{16})/", page)[0]

    for address in (f"/docs/{version}/docs.html", f"/docs/{version}/..%2Fdocs.py", "/docs/0000000000000000/docs.js"):
        assert (await http.get(address)).status_code == 404, address
