/* A whole update in C: bootloader and application of a device whose flash is RAM here.
 *
 * `vector.h` holds a base, a signed patch, the target and the signer's key; `cargo xtask capi` makes it from the repository's test vectors, builds this for
 * the host and for a Cortex-M4, and runs the former. Exit code 0: all went as it should; else the number of the line that did not. */
#include "patcher_apply.h"
#include "vector.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 2048, UNIT = 8, SLOT_PAGES = 4 };

/* ---- Flash: here an array that is as strict as flash; on a device the driver. ---- */

typedef struct {
    uint8_t bytes[SLOT_PAGES * PAGE];
    uint8_t programmed[SLOT_PAGES * PAGE / UNIT];
    uint32_t erases;
} array_t;

static int32_t array_read(void *context, uint32_t offset, uint8_t *bytes, uint32_t len) {
    const array_t *array = context;
    memcpy(bytes, array->bytes + offset, len);
    return 0;
}

static int32_t array_erase(void *context, uint32_t offset, uint32_t len) {
    array_t *array = context;
    if (offset % PAGE != 0 || len % PAGE != 0) {
        return 1;
    }
    memset(array->bytes + offset, 0xFF, len);
    memset(array->programmed + offset / UNIT, 0, len / UNIT);
    array->erases += len / PAGE;
    return 0;
}

static int32_t array_write(void *context, uint32_t offset, const uint8_t *bytes, uint32_t len) {
    array_t *array = context;
    for (uint32_t at = 0; at < len; at += UNIT) {
        if (array->programmed[(offset + at) / UNIT]++ != 0) {
            return 2;
        }
    }
    memcpy(array->bytes + offset, bytes, len);
    return 0;
}

static patcher_flash_t flash_of(array_t *array) {
    patcher_flash_t flash = {array, array_read, array_erase, array_write, sizeof array->bytes, PAGE, UNIT, 0xFF};
    return flash;
}

static array_t slots[2], metadata, state;

/* ---- Bootloader ---- */

/* A product hashes the slot and checks the image's signature; here the images are known. */
static int32_t verify(void *context, uint32_t image, const patcher_slot_record_t *record, uint32_t *security_counter) {
    (void)context;
    (void)security_counter; /* as recorded */
    if (image == PATCHER_SLOT_A) {
        return memcmp(slots[0].bytes, vector_base, sizeof vector_base) == 0;
    }
    if (image == PATCHER_SLOT_B) {
        return record->image.len == sizeof vector_target && memcmp(slots[1].bytes, vector_target, sizeof vector_target) == 0;
    }
    return 0; /* no golden image */
}

static int32_t boot(bool watchdog) {
    const patcher_flash_t region = flash_of(&metadata);
    return patcher_boot_select(&region, watchdog, 3, verify, NULL);
}

/* ---- Application ---- */

static patcher_applier_t applier;
static uint16_t workspace[8192];
static uint8_t block[1024];

/* Streams the patch into the other slot, in packets. */
static int32_t apply(const uint8_t *signer, uint32_t confirmed_counter) {
    const patcher_flash_t base = flash_of(&slots[0]), staging = flash_of(&slots[1]);
    static patcher_trust_policy_t policy;
    policy.signers = signer;
    policy.signer_count = 1;
    policy.hardware_id = vector_hardware_id;
    policy.hardware_id_len = sizeof vector_hardware_id;
    policy.security_counter = confirmed_counter;
    int32_t code = patcher_begin(&applier, &base, &staging, workspace, sizeof workspace / sizeof *workspace, patcher_isas_thumb(), &policy, block,
                                 sizeof block);
    for (size_t sent = 0; code == PATCHER_OK && sent < sizeof vector_patch; sent += 20) {
        const uint8_t *bytes = vector_patch + sent;
        size_t len = sizeof vector_patch - sent < 20 ? sizeof vector_patch - sent : 20;
        while (code == PATCHER_OK && len > 0) {
            code = patcher_push(&applier, &bytes, &len); /* then feed the watchdog */
        }
    }
    if (code != PATCHER_OK) {
        return code;
    }
    do {
        code = patcher_finish(&applier);
    } while (code == PATCHER_MORE);
    return code;
}

/* Hands an event to the state machine and returns what to do. */
static uint32_t handle(uint32_t now, patcher_event_t event) {
    const patcher_flash_t region = flash_of(&state), boot_region = flash_of(&metadata);
    const patcher_update_policy_t policy = patcher_update_default_policy();
    patcher_action_t action;
    if (patcher_update_handle(&region, &boot_region, &policy, now, &event, &action) != PATCHER_OK) {
        return UINT32_MAX;
    }
    return action.number;
}

static patcher_event_t event(uint32_t number) {
    patcher_event_t event = {.number = number};
    return event;
}

static patcher_event_t started(int32_t running) {
    patcher_event_t event = {.number = PATCHER_EVENT_STARTED, .running = (uint32_t)running};
    return event;
}

#define CHECK(holds)         \
    do {                     \
        if (!(holds)) {      \
            return __LINE__; \
        }                    \
    } while (0)

static int update(void) {
    const patcher_flash_t region = flash_of(&metadata);

    /* Factory: the base is in slot A, and the metadata says so. */
    patcher_image_record_t base_image = {.len = sizeof vector_base, .security_counter = vector_counter};
    memcpy(slots[0].bytes, vector_base, sizeof vector_base);
    CHECK(patcher_boot_factory(&region, PATCHER_SLOT_A, &base_image) == PATCHER_OK);
    int32_t running = boot(false);
    CHECK(running == PATCHER_SLOT_A);
    CHECK(handle(100, started(running)) == PATCHER_ACTION_NONE);

    /* The server offers an update. */
    patcher_event_t offer = event(PATCHER_EVENT_OFFER);
    memcpy(offer.id, vector_digest, sizeof offer.id);
    CHECK(handle(110, offer) == PATCHER_ACTION_FETCH);
    patcher_boot_record_t record;
    CHECK(patcher_boot_read(&region, &record) == PATCHER_OK);
    CHECK(patcher_boot_vacate(&region, PATCHER_SLOT_B) == PATCHER_OK);

    /* A patch that nobody we know signed is refused before the first erase. */
    uint8_t stranger[33];
    memcpy(stranger, vector_signer, sizeof stranger);
    stranger[32] ^= 1;
    CHECK(apply(stranger, record.security_counter) != PATCHER_OK);
    CHECK(patcher_failure(&applier).class_number == PATCHER_CLASS_UNTRUSTED);
    CHECK(patcher_progress(&applier).stage == PATCHER_STAGE_FAILED);
    CHECK(slots[1].erases == 0);

    /* An older one than the device has confirmed, likewise. */
    CHECK(apply(vector_signer, UINT32_MAX) != PATCHER_OK);
    CHECK(slots[1].erases == 0);

    CHECK(apply(vector_signer, record.security_counter) == PATCHER_OK);
    CHECK(patcher_progress(&applier).stage == PATCHER_STAGE_DONE);
    CHECK(patcher_progress(&applier).target_total == sizeof vector_target);
    CHECK(memcmp(slots[1].bytes, vector_target, sizeof vector_target) == 0);
    CHECK(handle(120, event(PATCHER_EVENT_RECEIVED)) == PATCHER_ACTION_VERIFY);
    CHECK(handle(130, event(PATCHER_EVENT_VERIFIED)) == PATCHER_ACTION_ASK_FOR_INSTALL);
    CHECK(handle(140, event(PATCHER_EVENT_INSTALL)) == PATCHER_ACTION_SWAP);
    patcher_image_record_t target_image = {.len = sizeof vector_target};
    target_image.security_counter = patcher_security_counter(&applier, record.security_counter);
    memcpy(target_image.digest, vector_digest, sizeof target_image.digest);
    CHECK(patcher_boot_request(&region, PATCHER_SLOT_B, &target_image) == PATCHER_OK);

    /* The first trial; then the health window, and the image confirms itself. */
    running = boot(false);
    CHECK(running == PATCHER_SLOT_B);
    CHECK(handle(200, started(running)) == PATCHER_ACTION_CHECK_HEALTH);
    CHECK(handle(210, event(PATCHER_EVENT_HEALTHY)) == PATCHER_ACTION_WAIT);
    CHECK(handle(600, event(PATCHER_EVENT_HEALTHY)) == PATCHER_ACTION_CONFIRM);
    CHECK(patcher_boot_confirm(&region, PATCHER_SLOT_B) == PATCHER_OK);
    CHECK(handle(601, event(PATCHER_EVENT_CONFIRMED)) == PATCHER_ACTION_REPORT);
    const patcher_flash_t state_region = flash_of(&state);
    patcher_update_state_t told;
    CHECK(patcher_update_read(&state_region, &told) == PATCHER_OK);
    CHECK(told.phase == PATCHER_PHASE_IDLE && told.lwm2m_result == 1);
    CHECK(patcher_boot_read(&region, &record) == PATCHER_OK);
    CHECK(record.active == PATCHER_SLOT_B && record.slots[1].state == PATCHER_CONFIRMED);

    /* Another update hangs: the watchdog brings the confirmed image back, and the reason is kept. */
    CHECK(patcher_boot_request(&region, PATCHER_SLOT_A, &base_image) == PATCHER_OK);
    CHECK(boot(false) == PATCHER_SLOT_A);
    CHECK(boot(true) == PATCHER_SLOT_B);
    CHECK(patcher_boot_read(&region, &record) == PATCHER_OK);
    CHECK(record.slots[0].state == PATCHER_REJECTED && record.slots[0].detail == PATCHER_REASON_WATCHDOG);
    CHECK(patcher_boot_confirm(&region, PATCHER_SLOT_A) == PATCHER_ERROR_NOT_ON_TRIAL);
    return 0;
}

static int misuse(void) {
    const patcher_flash_t region = flash_of(&metadata);
    patcher_flash_t other = region;
    other.page_bytes = 4096;
    CHECK(patcher_boot_vacate(&other, PATCHER_SLOT_A) == PATCHER_ERROR_GEOMETRY);
    other = region;
    other.write = NULL;
    CHECK(patcher_boot_vacate(&other, PATCHER_SLOT_A) == PATCHER_ERROR_ARGUMENT);
    CHECK(patcher_boot_vacate(&region, 2) == PATCHER_ERROR_ARGUMENT);
    CHECK(patcher_boot_vacate(NULL, PATCHER_SLOT_A) == PATCHER_ERROR_ARGUMENT);
    CHECK(patcher_finish(NULL) == PATCHER_ERROR_ARGUMENT);
    CHECK(patcher_push(NULL, NULL, NULL) == PATCHER_ERROR_ARGUMENT);
    return 0;
}

/* A device resets here. */
void patcher_panic(void) {
    abort();
}

int main(void) {
    memset(slots, 0xFF, sizeof slots);
    memset(&metadata, 0xFF, sizeof metadata);
    memset(&state, 0xFF, sizeof state);
    for (int slot = 0; slot < 2; slot++) {
        memset(slots[slot].programmed, 0, sizeof slots[slot].programmed);
        slots[slot].erases = 0;
    }
    memset(metadata.programmed, 0, sizeof metadata.programmed);
    memset(state.programmed, 0, sizeof state.programmed);
    const int line = update();
    return line != 0 ? line : misuse();
}
