/* Applies firmware patches on a device, keeps the state of updates, and decides what a bootloader starts.
 *
 * The static library is the Rust crate `capi` of patcher: `cargo build --release -p capi --target thumbv7em-none-eabi`, or the CMake
 * example beside this file. All memory is the caller's; nothing is allocated, nothing is global.
 *
 * A call that is given a pointer uses what it points to until it returns. What patcher_begin is given is used until the applier is not used any
 * more: both patcher_flash_t are copied, their contexts are not; workspace, block and what the policy points to must stay. An applier, and a region
 * of flash, is used by one thread at a time; callbacks must not call back into the library with the same applier or region.
 *
 * Functions that return int32_t return PATCHER_OK, PATCHER_MORE, or a positive code: those of docs/format.md and of the Rust crate
 * (1 to 127), and the PATCHER_ERROR_ ones below.
 *
 * Checked against the Rust source by device-apply/capi/tests/header.rs: edit both. */
#ifndef PATCHER_APPLY_H
#define PATCHER_APPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PATCHER_OK 0
#define PATCHER_MORE (-1)           /* not done yet: call again */
#define PATCHER_ERROR_ARGUMENT 128  /* NULL where it must not be, or outside its range */
#define PATCHER_ERROR_GEOMETRY 129  /* the library was built for another page or write unit */
#define PATCHER_ERROR_NOT_ON_TRIAL 130

/* A program for a device defines this; it must not return. This library has no panics of its own, but with signatures the crates for P-256 have: none
 * is known that input reaches. Reset. */
void patcher_panic(void);

/* ---- Flash ---- */

/* A slot or a region of flash; offsets count from its start. Callbacks return 0 when all went well and anything else when not; the number is handed
 * back by patcher_failure. A read of bytes whose ECC is wrong must fail, not fault: handle the NMI.
 *
 * The base slot is only read: its erase and write may be NULL, its page_bytes and write_bytes are ignored. All others must be as the library was
 * built for, with PATCHER_PAGE_BYTES and PATCHER_WRITE_BYTES in the environment of cargo (2048 and 8 if not given). */
typedef struct patcher_flash {
    void *context;
    int32_t (*read)(void *context, uint32_t offset, uint8_t *bytes, uint32_t len);
    int32_t (*erase)(void *context, uint32_t offset, uint32_t len);                       /* whole pages */
    int32_t (*write)(void *context, uint32_t offset, const uint8_t *bytes, uint32_t len); /* whole write units, erased before */
    uint32_t size;
    uint32_t page_bytes;
    uint32_t write_bytes;
    uint8_t erased_value; /* 0xFF; 0x00 on STM32L0 and L1 */
} patcher_flash_t;

/* ---- Applying a patch ---- */

#define PATCHER_APPLIER_BYTES (sizeof(void *) > 4 ? 2048 : 1280)

/* Memory of an applier: static, and not to be looked into. */
typedef struct patcher_applier {
    uint64_t memory[PATCHER_APPLIER_BYTES / 8];
} patcher_applier_t;

/* Stages of patcher_progress_t. */
enum {
    PATCHER_STAGE_HEADER = 0, /* waits for the rest of the header */
    PATCHER_STAGE_BASE = 1,   /* hashes the base; the staging slot is untouched */
    PATCHER_STAGE_BODY = 2,   /* decodes and writes */
    PATCHER_STAGE_TARGET = 3, /* reads the target back and hashes it */
    PATCHER_STAGE_DONE = 4,   /* the staging slot holds the target */
    PATCHER_STAGE_FAILED = 5
};

typedef struct patcher_progress {
    uint32_t stage;
    uint32_t patch_done;
    uint32_t patch_total;  /* 0 until the header is complete */
    uint32_t target_done;
    uint32_t target_total; /* 0 until the header is complete */
} patcher_progress_t;

/* What to do about an error. */
enum {
    PATCHER_CLASS_BUG = 0,       /* report it */
    PATCHER_CLASS_FLASH = 1,     /* apply again, then give up and report */
    PATCHER_CLASS_LIMIT = 2,     /* needs more than the device has: ask for another patch */
    PATCHER_CLASS_MALFORMED = 3, /* discard it and download it again */
    PATCHER_CLASS_MISMATCH = 4,  /* for another base: ask for the right one, or the full image */
    PATCHER_CLASS_UNTRUSTED = 5  /* discard it and report */
};

typedef struct patcher_failure {
    int32_t code;
    uint32_t class_number;
    int32_t flash; /* what the callback returned that failed; 0 if none did */
} patcher_failure_t;

/* Which instruction sets the device links. */
typedef struct patcher_isas {
    const void *first;
    size_t count;
} patcher_isas_t;

patcher_isas_t patcher_isas_all(void);
patcher_isas_t patcher_isas_thumb(void); /* Cortex-M */

#ifndef PATCHER_WITHOUT_P256

/* What the device demands of a patch. Keys have 33 bytes each, as `patcher keygen` prints them, one after the other. */
typedef struct patcher_trust_policy {
    const uint8_t *signers; /* may sign patches */
    size_t signer_count;
    const uint8_t *roots; /* may certify signers; NULL if none */
    size_t root_count;
    const uint8_t *hardware_id; /* at most 32 bytes; exactly those of the patch */
    size_t hardware_id_len;
    uint32_t security_counter; /* patcher_boot_record_t.security_counter */
    bool accept_unsigned;      /* takes unsigned patches, by whomever: for development */
    bool check_streams_late;   /* decodes blocks that do not fit `block` before they are checked */
} patcher_trust_policy_t;

/* Begins to apply the patch that is pushed next: checks who made it, for which device and against which base before the first erase.
 *
 * `workspace` is the decoder's memory (`patcher info` says how much a patch needs: two bytes a word), `block` the room where a block waits
 * until its digest is checked (`patcher sign --block-size`). After an error or a reset, begin again with the patch's first byte. */
int32_t patcher_begin(patcher_applier_t *applier, const patcher_flash_t *base, const patcher_flash_t *staging, uint16_t *workspace, size_t workspace_words,
                      patcher_isas_t isas, const patcher_trust_policy_t *policy, uint8_t *block, size_t block_len);

/* The security counter of the patch, for patcher_image_record_t; `otherwise` until its header has passed, and of an unsigned patch. */
uint32_t patcher_security_counter(patcher_applier_t *applier, uint32_t otherwise);

#else

/* For a library without the feature `p256`: takes patches by whomever, for devices whose bootloader checks the image itself. */
int32_t patcher_begin_unsigned(patcher_applier_t *applier, const patcher_flash_t *base, const patcher_flash_t *staging, uint16_t *workspace,
                               size_t workspace_words, patcher_isas_t isas);

#endif

/* Takes bytes of the patch, and moves `*bytes` and `*len` past what it took. Does a slice of work, so that a watchdog can be fed in between: call until
 * `*len` is 0. */
int32_t patcher_push(patcher_applier_t *applier, const uint8_t **bytes, size_t *len);

/* Goes on after the last byte: call while it returns PATCHER_MORE. PATCHER_OK, and nothing else, says that the staging slot holds the target. */
int32_t patcher_finish(patcher_applier_t *applier);

patcher_progress_t patcher_progress(patcher_applier_t *applier);

/* Why the applier failed first. */
patcher_failure_t patcher_failure(patcher_applier_t *applier);

/* ---- What a bootloader starts: docs/boot-decision.md ---- */

enum { PATCHER_SLOT_A = 0, PATCHER_SLOT_B = 1, PATCHER_GOLDEN = 2, PATCHER_NO_IMAGE = -2 };

/* How far an image has come: patcher_slot_record_t.state; `detail` counts the starts of a trial, or says why it was rejected. */
enum {
    PATCHER_UNRECORDED = 0,
    PATCHER_EMPTY = 1,
    PATCHER_PENDING = 2,
    PATCHER_TRIAL = 3,
    PATCHER_CONFIRMED = 4,
    PATCHER_REJECTED = 5
};
enum {
    PATCHER_REASON_WATCHDOG = 1,
    PATCHER_REASON_UNCONFIRMED = 2,
    PATCHER_REASON_INVALID = 3,
    PATCHER_REASON_DOWNGRADE = 4,
    PATCHER_REASON_FAILED = 5
};

typedef struct patcher_image_record {
    uint64_t version; /* shown, never compared */
    uint32_t len;
    uint32_t security_counter;
    uint8_t digest[32]; /* SHA-256 */
} patcher_image_record_t;

typedef struct patcher_slot_record {
    patcher_image_record_t image;
    uint32_t state;
    uint32_t detail;
} patcher_slot_record_t;

typedef struct patcher_boot_record {
    patcher_slot_record_t slots[2];
    uint32_t active;           /* the slot that was confirmed last */
    uint32_t security_counter; /* highest of a confirmed image */
} patcher_boot_record_t;

/* Hashes an image, compares with the record and checks its signature. Returns 1 and sets the counter that the signature covers if all is right, else
 * 0. For PATCHER_GOLDEN the record is empty; return 0 if the product has none. */
typedef int32_t (*patcher_verify_t)(void *context, uint32_t image, const patcher_slot_record_t *record, uint32_t *security_counter);

/* Chooses the image to start: PATCHER_SLOT_A, PATCHER_SLOT_B, PATCHER_GOLDEN or PATCHER_NO_IMAGE. Other numbers are errors of the arguments.
 * `region` has two pages or more for boot metadata. `watchdog`: why the device starts; clear the flag. `trial_boots`: starts without confirmation, 3 is usual. */
int32_t patcher_boot_select(const patcher_flash_t *region, bool watchdog, uint8_t trial_boots, patcher_verify_t verify, void *context);

int32_t patcher_boot_read(const patcher_flash_t *region, patcher_boot_record_t *record);

/* Factory: the image in `slot` is confirmed, the other slot empty. */
int32_t patcher_boot_factory(const patcher_flash_t *region, uint32_t slot, const patcher_image_record_t *image);

/* Application: before it erases a slot; when the target is verified there (then reset); when the running image works; when it does not (then reset). */
int32_t patcher_boot_vacate(const patcher_flash_t *region, uint32_t slot);
int32_t patcher_boot_request(const patcher_flash_t *region, uint32_t slot, const patcher_image_record_t *image);
int32_t patcher_boot_confirm(const patcher_flash_t *region, uint32_t slot);
int32_t patcher_boot_fail(const patcher_flash_t *region, uint32_t slot);

/* ---- The state of an update: docs/state-machine.md ---- */

typedef struct patcher_update_policy {
    uint32_t first_wait;    /* seconds; each further wait is twice as long */
    uint32_t longest_wait;  /* seconds */
    uint32_t health_window; /* seconds of a trial before it may be confirmed */
    uint8_t attempts;       /* of one update */
    uint8_t delta_failures; /* before the full image is asked for */
    uint8_t per_day;        /* attempts in 24 hours */
    uint8_t swaps;          /* requests for a swap */
} patcher_update_policy_t;

enum {
    PATCHER_EVENT_OFFER = 1,   /* id, full */
    PATCHER_EVENT_STARTED = 2, /* running: once after each start, before all else */
    PATCHER_EVENT_RECEIVED = 6,
    PATCHER_EVENT_VERIFIED = 7,
    PATCHER_EVENT_LINK_FAILED = 8,
    PATCHER_EVENT_PATCH_FAILED = 9, /* class_number, code: of patcher_failure, or of boot metadata that cannot be written */
    PATCHER_EVENT_INSTALL = 10,
    PATCHER_EVENT_HEALTHY = 11,
    PATCHER_EVENT_UNHEALTHY = 12,
    PATCHER_EVENT_CONFIRMED = 13,
    PATCHER_EVENT_CANCEL = 14,
    PATCHER_EVENT_TICK = 15
};

typedef struct patcher_event {
    uint32_t number;
    bool full;
    uint8_t id[8];    /* first bytes of the SHA-256 of the target image */
    uint32_t running; /* what patcher_boot_select returned */
    uint32_t class_number;
    int32_t code;
} patcher_event_t;

enum {
    PATCHER_ACTION_NONE = 0,
    PATCHER_ACTION_WAIT = 1,  /* until: then send PATCHER_EVENT_TICK, or PATCHER_EVENT_HEALTHY again */
    PATCHER_ACTION_FETCH = 2, /* full: vacate the slot, then fetch and push */
    PATCHER_ACTION_VERIFY = 3,
    PATCHER_ACTION_ASK_FOR_INSTALL = 4,
    PATCHER_ACTION_SWAP = 5, /* patcher_boot_request, then reset */
    PATCHER_ACTION_CHECK_HEALTH = 6,
    PATCHER_ACTION_CONFIRM = 7, /* patcher_boot_confirm */
    PATCHER_ACTION_REVERT = 8,  /* patcher_boot_fail, then reset */
    PATCHER_ACTION_REPORT = 9,  /* patcher_update_read */
    PATCHER_ACTION_REFUSE = 10  /* refusal: 1 busy, 2 spent, 3 too late, 4 unexpected */
};

typedef struct patcher_action {
    uint32_t number;
    bool full;
    uint32_t until;
    uint32_t refusal;
} patcher_action_t;

/* Phases of patcher_update_state_t. */
enum {
    PATCHER_PHASE_IDLE = 0,
    PATCHER_PHASE_DOWNLOAD = 1,
    PATCHER_PHASE_VERIFY = 2,
    PATCHER_PHASE_SWAP_PENDING = 3,
    PATCHER_PHASE_TEST = 4,
    PATCHER_PHASE_CONFIRM = 5,
    PATCHER_PHASE_ROLLBACK = 6
};

typedef struct patcher_update_state {
    uint32_t phase;
    uint32_t lwm2m_state;  /* resource 5/0/3 */
    uint32_t lwm2m_result; /* resource 5/0/5 */
    int32_t code;          /* of the error that it failed with last; 0 if none */
    uint8_t id[8];
    uint32_t attempts;
    uint32_t at; /* seconds */
} patcher_update_state_t;

patcher_update_policy_t patcher_update_default_policy(void);

/* Takes an event at `now` seconds (the clock may jump), writes down what it leads to, then says what to do. When it returns an error, nothing happened:
 * do not act. `region` has two pages or more for the update's state; `metadata` is the region of boot metadata, read for PATCHER_EVENT_STARTED, else it may be NULL. */
int32_t patcher_update_handle(const patcher_flash_t *region, const patcher_flash_t *metadata, const patcher_update_policy_t *policy, uint32_t now,
                              const patcher_event_t *event, patcher_action_t *action);

int32_t patcher_update_read(const patcher_flash_t *region, patcher_update_state_t *state);

#ifdef __cplusplus
}
#endif

#endif
