# METADATA
# title: Written consent
# description: Where the rules on credit reporting ask for it, whatever the basis.
package yumen.written

# METADATA
# title: Fields that may rest on consent in any form
exempt(call) := {name |
	some name, field in call.fields
	field.written == false
}

# METADATA
# title: The consent is not in writing
# custom: {code: NEEDS_WRITTEN, article: "征信业管理条例 14, 18, 29"}
falls_short("NEEDS_WRITTEN", grant) if not meets(grant)

meets(grant) if grant.form == "written"
