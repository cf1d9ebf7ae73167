package yumen.provision_test

import data.yumen.provision

test_within if {
	provision.within({"provision": false})
	{1 | provision.within({"provision": true})} == set()
	{1 | provision.within({})} == set()
}

test_meets if {
	provision.meets({"form": "separate", "provision": true})
	provision.falls_short("NEEDS_SEPARATE_PROVISION", {"form": "general", "provision": true})
	provision.falls_short("NEEDS_SEPARATE_PROVISION", {"form": "written", "provision": false})
}
