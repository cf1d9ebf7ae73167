# METADATA
# title: Leaving the country
# description: Denied unless a transfer mechanism stands; never to foreign authorities.
package yumen.crossborder

import data.yumen.terms

# METADATA
# title: Reasons against the destination of a call
denied(call) := {code |
	some code in ["EXPORT_BLOCKED", "FOREIGN_AUTHORITY"]
	denies(code, call)
}

# METADATA
# title: The client is outside the mainland and no transfer mechanism stands
# custom: {code: EXPORT_BLOCKED, article: PIPL 38-40}
denies("EXPORT_BLOCKED", call) if not permitted(call)

# METADATA
# title: Provision to a foreign judicial or enforcement body
# custom: {code: FOREIGN_AUTHORITY, article: PIPL 41}
denies("FOREIGN_AUTHORITY", call) if not civil(call)

domestic(call) if call.client.region == "CN"

permitted(call) if domestic(call)

permitted(call) if terms.transfers[call.recipient.transfer]

civil(call) if call.purpose.foreign_authority == false
