"""Small view files for the tests."""

GOOD = """\
views:
  - name: spending
    handler: lender_one
    zh: 消费
    en: Spending
    features:
      - name: spend
        zh: 消费金额
        en: Amount spent
        type: integer
        transform: raw
        fields: [ecom_spend_12m]
        form: bucket
        shapes:
          bucket: {edges: [500, 1000]}
          flag: {at_least: 500}
      - name: clicks
        zh: 点击
        en: Clicks
        type: integer
        transform: aggregate
        fields: [clickstream, page_dwell_seconds]
        form: bucket
        shapes: {bucket: {edges: [1, 10, 100], labels: [none, few, some, many]}}
      - name: name_shown
        zh: 姓名
        en: Name
        type: string
        transform: raw
        fields: [full_name]
        form: masked
        shapes: {mask: name}
      - name: tier
        zh: 等级
        en: Tier
        type: string
        transform: raw
        fields: [account_tier]
        form: plain
  - name: relations
    handler: lender_one
    zh: 关系
    en: Relations
    features:
      - name: friends
        zh: 好友数
        en: Number of friends
        type: integer
        transform: aggregate
        fields: [friend_graph]
        form: withheld
"""


def with_change(old: str, new: str) -> str:
    """The good file with one line (or part of one) changed."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def line_of(text: str, part: str) -> int:
    """The number of the first line that holds a part."""
    return text[: text.index(part)].count("\n") + 1
