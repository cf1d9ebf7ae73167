# METADATA
# title: Provision to another handler
# description: What leaves its handler for another one needs a separate consent that names the recipient.
package yumen.provision

import data.yumen.separate

# METADATA
# title: The feature stays with its handler
within(feature) if feature.provision == false

# METADATA
# title: The consent does not cover provision to this recipient
# custom: {code: NEEDS_SEPARATE_PROVISION, article: PIPL 23}
falls_short("NEEDS_SEPARATE_PROVISION", grant) if not meets(grant)

meets(grant) if {
	grant.provision == true
	separate.meets(grant)
}
