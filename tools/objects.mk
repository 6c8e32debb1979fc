# SPDX-License-Identifier: MIT
#
# Programs for the host, built without the sanitizers.

$(BUILD)/hcdoc: $(BUILD)/tool/tools/hcdoc.o
	$(call made,LD)
	$(Q)$(CC) $< -o $@
