"""A server that has nothing yet: the way is explained, and one click makes a batch to try."""

from tests.client.conftest import OpenPage, expect


def test_one_click_makes_a_sample_batch_that_can_be_deleted(visit: OpenPage) -> None:
    page = visit("results").page
    page.get_by_role("button", name="Try a sample batch").click()
    page.get_by_role("heading", name="Sample batch").wait_for()
    page.locator(".batch[data-state=done]").wait_for()
    expect(page.locator(".batch .muted").first).to_contain_text("4 sheets")
    page.locator(".strip-picture").wait_for()
    page.get_by_role("link", name="Results", exact=True).click()
    page.get_by_role("button", name="Delete Sample batch").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Try a sample batch").wait_for()


def test_the_empty_list_leads_to_the_help(visit: OpenPage) -> None:
    page = visit("results").page
    page.get_by_role("link", name="How it works").click()
    expect(page.get_by_role("heading", level=2)).to_have_count(6)
