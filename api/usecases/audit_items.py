"""The items of the audit guide by number: title in both languages and the articles behind them.

Titles are short names of ours for the annex of the compliance-audit measures; its own text is what counts.
"""

from __future__ import annotations

TITLES = {
    2: ("处理的合法性基础", "lawful basis", "PIPL 13-15"),
    3: ("处理规则", "processing rules", "PIPL 7, 17, 19"),
    4: ("告知", "notice", "PIPL 17, 18, 30"),
    5: ("共同处理", "joint handling", "PIPL 20"),
    6: ("委托处理", "entrusted processing", "PIPL 21, 59"),
    7: ("因合并、分立等转移", "transfer by merger or division", "PIPL 22"),
    8: ("向其他处理者提供", "provision to other handlers", "PIPL 23"),
    9: ("自动化决策", "automated decisions", "PIPL 24"),
    10: ("公开", "publication", "PIPL 25"),
    11: ("公共场所采集图像与身份信息", "images in public places", "PIPL 26"),
    12: ("处理已公开的信息", "information already public", "PIPL 27"),
    13: ("敏感个人信息", "sensitive personal information", "PIPL 28-30, 55"),
    14: ("不满十四周岁未成年人", "minors under 14", "PIPL 28, 31"),
    15: ("向境外提供", "provision abroad", "PIPL 38-41"),
    16: ("删除", "deletion", "PIPL 47"),
    17: ("个人权利", "rights of the person", "PIPL 44-50"),
    18: ("响应申请与解释说明", "answering requests, explaining rules", "PIPL 48, 50"),
    19: ("内部管理制度与操作规程", "internal rules and procedures", "PIPL 51"),
    20: ("安全技术措施", "technical measures", "PIPL 51"),
}
