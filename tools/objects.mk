# SPDX-License-Identifier: MIT
#
# Programs for the host, built without the sanitizers.

$(BUILD)/hcdoc: $(BUILD)/tool/tools/hcdoc.o
	$(call made,LD)
	$(Q)$(HOSTCC) $< -o $@

$(BUILD)/busdoc: $(BUILD)/tool/tools/busdoc.o
	$(call made,LD)
	$(Q)$(HOSTCC) $< -o $@

# A hypercall of one's own. Its settings reach the tool through the environment,
# where no shell takes them apart.
new-hypercall:
	@$(ASK_DOCTOR)
	@tools/new-hypercall $(if $(filter-out 0,$(PREEMPTIBLE)),--preemptible) \
	    -- "$$NAME" "$$ARGS"
	@$(MAKE) docs
