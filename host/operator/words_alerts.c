/**
 * words_alerts.c - what `mulligan alerts` says, in Korean.
 *
 * Read-only. A format's conversions stand in the order of the English ones.
 */
#include "operator/words_table.h"

#include <inttypes.h>
#include <stddef.h>

const struct words_entry words_of_alerts[] = {
    /* status */
    {"A host is running, and delivers.", "호스트가 실행 중이며 알림을 보냅니다."},
    {"No host is running: what waits is delivered when it does.",
     "실행 중인 호스트가 없습니다. 기다리는 알림은 호스트가 실행되면 보냅니다."},
    {"not set up: ", "설정되지 않음: "},
    {"was asked to wait until %s", "%s까지 기다려 달라는 요청을 받음"},
    {"stopped until it is set up differently, or `mulligan alerts retry %s`",
     "멈춤. 설정을 바꾸거나 `mulligan alerts retry %s`을(를) 실행해야 다시 보냅니다"},
    {"set up; fails since %s", "설정됨, %s부터 실패"},
    {"set up", "설정됨"},
    {"  last answer, %s: ", "  마지막 응답, %s: "},
    {"  last delivery: %s\n", "  마지막 전달: %s\n"},
    {"  waiting %" PRId64 ", held back for a digest %" PRId64 "; in 24 hours delivered %" PRId64
     ", failed for good %" PRId64 "\n",
     "  대기 %" PRId64 "개, 요약으로 미룬 것 %" PRId64 "개. 24시간 동안 전달 %" PRId64 "개, 실패 %" PRId64 "개\n"},
    {"No message waits.", "기다리는 알림이 없습니다."},
    /* test */
    {"%s is not set up here: %s", "%s은(는) 이곳에 설정되지 않았습니다: %s"},
    {"as plain text, because the template could not be used: %s", "템플릿을 쓸 수 없어 글로만 보냈습니다: %s"},
    {"%s did not take it: %s", "%s이(가) 받지 않았습니다: %s"},
    {"%s took it: %s\n", "%s이(가) 받았습니다: %s\n"},
    /* retry */
    {"Messages that are tried now: %lld.\n", "지금 다시 보내는 알림: %lld개.\n"},
    {"No host is running: they go out when it does.", "실행 중인 호스트가 없습니다. 호스트가 실행되면 보냅니다."},
    /* wrong usage */
    {"there is no data folder %s", "데이터 폴더 %s이(가) 없습니다"},
    {"there is no channel '%s'; there are slack and mail", "'%s' 채널이 없습니다. slack과 mail이 있습니다"},
    {"there is no '%s'; there are status, test and retry", "'%s'은(는) 없습니다. status, test, retry가 있습니다"},
    {"status takes no argument", "status는 인자를 받지 않습니다"},
    {"test takes one channel: slack or mail", "test는 채널 하나(slack 또는 mail)를 받습니다"},
    {"retry takes one channel (slack or mail), or none for all",
     "retry는 채널 하나(slack 또는 mail)를 받습니다. 없으면 모두입니다"},
    {NULL, NULL},
};
