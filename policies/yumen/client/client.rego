# METADATA
# title: The client that asks
# description: Who calls, and what it was registered for. Known from its credentials, never from the request body.
package yumen.client

import data.yumen.terms

# METADATA
# title: Reasons against the client of a call
denied(call) := {code |
	some code in ["CLIENT_SUSPENDED", "PURPOSE_MISMATCH", "PRODUCT_UNKNOWN"]
	denies(code, call)
}

# METADATA
# title: The client is not registered
# custom: {code: CLIENT_SUSPENDED, article: PIPL 51(4)}
unregistered(call) := {"CLIENT_SUSPENDED" | not known(call)}

# METADATA
# title: The client is not in service
# custom: {code: CLIENT_SUSPENDED, article: PIPL 51(4)}
denies("CLIENT_SUSPENDED", call) if not active(call)

# METADATA
# title: The client is not registered for this purpose
# custom: {code: PURPOSE_MISMATCH, article: PIPL 6}
denies("PURPOSE_MISMATCH", call) if not for_purpose(call)

# METADATA
# title: The client is not registered for this product
# custom: {code: PRODUCT_UNKNOWN, article: PIPL 6}
denies("PRODUCT_UNKNOWN", call) if not for_product(call)

known(call) if terms.client_states[call.client.status]

active(call) if call.client.status == "active"

for_purpose(call) if call.client.purpose == true

for_product(call) if call.client.product == true

# METADATA
# title: Mildest form this client may receive, as a rank
default form_rank(_) := 0

form_rank(call) := terms.forms[call.client.max_form]
