"""How to check an evidence pack, in the pack itself."""

ZH = """# 证据包

本包来自玉门账本，用于说明谁、何时、以何目的与依据读取了哪些个人信息。个人以假名（`ps_…`）出现；包内没有个人信息的值。

| 文件 | 内容 |
| --- | --- |
| `manifest.json` | 全部文件的大小与 SHA-256、范围、条目数 |
| `entries.jsonl` | 账本条目正文，每行一条，按编号或时间排序 |
| `index.jsonl` | 与上一文件逐行对应：编号、摘要、认证码 |
| `catalog/…` | 条目所引用的数据目录，文件名即其摘要 |
| `policy/…` | 条目所引用的规则包（作出决定时所存） |
| `facts/…` | 作出决定所依据的事实，文件名即其摘要；不含身份与时间 |
| `receipts/…`、`checkpoint.txt` | 透明日志的收据与检查点（若有） |

## 核验

1. 用 `yumen export verify 本文件`：不需要数据库，也不需要网络。
2. 或自行核验：
   - 每个文件的 SHA-256 与 `manifest.json` 一致，且没有多余文件；
   - 每行正文的摘要为 `SHA-256(0x00 || 正文)`，与 `index.jsonl` 一致；
   - 正文为 RFC 8785 规范 JSON；每个流内的序号 `seq` 连续；
   - `catalog/` 与 `facts/` 中每个文件的 SHA-256 等于其文件名；
   - 依条目所引用的事实与规则重新作出每个决定，结果应与记录一致；
   - 有收据时，用任一 C2SP tlog-proof 工具核验收据与检查点。
3. 将 `manifest.json` 的 SHA-256 与账本中 `ledger.exported` 条目的 `about` 比较。

没有收据时，本包只能证明内部一致；是否来自该账本，需由账本持有人用账本密钥核验认证码（`--with-key`）。
"""
EN = """# Evidence pack

This pack comes from a Yumen ledger and shows who read which personal information, when, for what purpose and on which
ground. People stand in it by pseudonym (`ps_…`); it holds no value of personal information.

| file | what it holds |
| --- | --- |
| `manifest.json` | size and SHA-256 of every file, the scope, the number of entries |
| `entries.jsonl` | the bodies of ledger entries, one a line, by number or by time |
| `index.jsonl` | line by line for the same entries: number, digest, MAC |
| `catalog/…` | the catalogues the entries name; a file's name is its digest |
| `policy/…` | the policy bundles the entries name, as they were kept when they decided |
| `facts/…` | what the decisions were made on, named by digest; no identity and no time stands in it |
| `receipts/…`, `checkpoint.txt` | receipts and checkpoint of the transparency log, if there is one |

## Checking it

1. `yumen export verify THIS_FILE`: needs neither database nor network.
2. Or by yourself:
   - the SHA-256 of every file is the manifest's, and there is no other file;
   - each body's digest is `SHA-256(0x00 || body)`, as `index.jsonl` says;
   - bodies are canonical JSON (RFC 8785); places (`seq`) follow each other in each stream;
   - the SHA-256 of each file in `catalog/` and `facts/` is its name;
   - each decision, made again from the facts and the policy its entry names, comes out as recorded;
   - where there are receipts, any C2SP tlog-proof tool checks them against the checkpoint.
3. Compare the SHA-256 of `manifest.json` with `about` of the entry `ledger.exported` in the ledger.

Without receipts the pack shows only that it is consistent in itself. That it comes from this ledger is then shown by
the keeper, who checks the MACs with the ledger key (`--with-key`).
"""
