/**
 * words_requests.c - what `mulligan requests` says, in Korean.
 *
 * Read-only. A format's conversions stand in the order of the English ones.
 */
#include "operator/words_table.h"

#include <inttypes.h>
#include <stddef.h>

const struct words_entry words_of_requests[] = {
    /* the table */
    {"TIME", "시각"},
    {"STATUS", "상태"},
    {"DURATION", "걸린 시간"},
    {"BYTES", "바이트"},
    {"USER", "사용자"},
    {"ID", "요청 번호"},
    {"REQUEST", "요청"},
    {" (one of %" PRId64 ")", " (%" PRId64 "건 중 하나)"},
    {"No requests.", "요청이 없습니다."},
    /* one request */
    {"request", "요청"},
    {"id", "요청 번호"},
    {"time", "시각"},
    {"route", "경로 유형"},
    {"status", "상태"},
    {"duration", "걸린 시간"},
    {"bytes", "바이트"},
    {"user", "사용자"},
    {"address", "주소"},
    {"client", "클라이언트"},
    {"error", "오류"},
    {"one of", "같은 요청 수"},
    {"what was sent:", "보낸 내용:"},
    {"what was answered:", "응답한 내용:"},
    /* what is not there */
    {"%" PRId64 " more came too fast to be kept one by one, and are only counted.\n",
     "그 밖에 %" PRId64 "건은 너무 빨리 들어와 하나하나 남기지 않고 세기만 했습니다.\n"},
    {"%" PRId64 " are missing, the last at %s: %s.\n", "%" PRId64 "건이 빠져 있습니다. 마지막은 %s: %s.\n"},
    {"the queue was full", "대기열이 가득 찼습니다"},
    {"requests.db could not be written", "requests.db에 쓸 수 없었습니다"},
    {"access.log could not be written", "access.log에 쓸 수 없었습니다"},
    {"out of memory", "메모리가 모자랐습니다"},
    {NULL, NULL},
};
