--- The service's texts in Korean. The English text is the key; what is missing here is shown in English.
-- The host's own texts (validation, authentication, throttling) come with it.
return {
  -- lib/refusals.lua
  ["This e-mail address is taken. Log in with it, or sign up with another one."] =
    "이미 사용 중인 이메일입니다. 그 이메일로 로그인하거나 다른 이메일로 가입해 주세요.",
  ["The e-mail address or the password is wrong."] = "이메일 또는 비밀번호가 올바르지 않습니다.",
  ["You can only change your own account, at user/me/."] =
    "본인의 정보만 수정할 수 있습니다. user/me/ 주소를 이용해 주세요.",
  ["There is no user with this number."] = "해당 번호의 사용자가 없습니다.",
  ["You are a participant already."] = "이미 수강생으로 등록되어 있습니다.",
  ["There is no seminar with this number."] = "해당 번호의 세미나가 없습니다.",
  ["Only an instructor of this seminar may change it."] =
    "이 세미나를 담당하는 진행자만 수정할 수 있습니다.",
  ["Only instructors may do this, and you have no instructor profile."] =
    "진행자만 할 수 있는 일입니다. 진행자로 등록되어 있지 않습니다.",
  ["{active} participants are in this seminar, so its capacity cannot be smaller than that."] =
    "현재 {active}명이 참여하고 있어 정원을 그보다 적게 줄일 수 없습니다.",
  ["You dropped this seminar. Ask the operations team if you need to come back."] =
    "드랍한 세미나는 다시 참여할 수 없습니다. 사정이 있다면 운영팀에 문의해 주세요.",
  ["You are in this seminar already."] = "이미 참여하고 있는 세미나입니다.",
  ["Only participants may do this, and you have no participant profile."] =
    "수강생만 할 수 있는 일입니다. 수강생으로 등록되어 있지 않습니다.",
  ["You are not accepted as a participant yet, so you cannot join a seminar. Ask the operations team."] =
    "아직 수강생으로 승인되지 않아 세미나에 참여할 수 없습니다. 운영팀에 문의해 주세요.",
  ["This seminar is full. You can join as soon as somebody drops it."] =
    "정원이 가득 찼습니다. 자리가 나면 참여할 수 있습니다.",
  ["You are in charge of a seminar already, and an instructor can join only one."] =
    "이미 담당하고 있는 세미나가 있습니다. 진행자는 한 세미나에만 참여할 수 있습니다.",
  ["An instructor cannot drop their own seminar."] = "진행자는 담당하는 세미나를 드랍할 수 없습니다.",

  -- lib/passwords.lua, lib/jwt_auth.lua
  ["Too many people are logging in right now. Please try again in a moment."] =
    "지금 로그인하는 사람이 너무 많습니다. 잠시 뒤에 다시 시도해 주세요.",
  ["Invalid Authorization header. No credentials provided."] = "Authorization 헤더에 토큰이 없습니다.",
  ["Invalid Authorization header. Credentials string should not contain spaces."] =
    "Authorization 헤더의 토큰에는 공백이 있을 수 없습니다.",
  ["The user of this token does not exist any more."] =
    "이 토큰의 사용자는 더 이상 존재하지 않습니다.",

  -- serializers/users.lua
  ["Give both the first and the last name, or neither."] =
    "이름과 성은 함께 입력하거나 모두 비워 두어야 합니다.",
  ["A name cannot contain digits."] = "이름에는 숫자를 넣을 수 없습니다.",
  ["This e-mail address belongs to somebody else."] = "다른 사람이 사용 중인 이메일입니다.",

  -- lib/home_page.lua
  ["en"] = "ko",
  ["Mulligan seminars"] = "Mulligan 세미나",
  ["Instructors open seminars. Participants join them, and may drop them."] =
    "진행자는 세미나를 열고, 수강생은 참여하거나 드랍합니다.",
  ["Who drops a seminar cannot come back alone: that takes the operations team, and a second try."] =
    "드랍한 세미나에는 혼자 돌아올 수 없습니다. 운영팀이 두 번째 기회를 열어 줍니다.",
  ["A golf ball on its way to the flag"] = "깃발을 향해 날아가는 골프공",
  ["A first request"] = "첫 요청",
  ["This is a service for programs. Sign up, keep the token, and send it with everything else:"] =
    "프로그램이 사용하는 서비스입니다. 가입한 뒤 받은 토큰을 다른 모든 요청에 함께 보내세요.",
  ["Bodies may be JSON, a form or multipart. A token is good for two hours; a login gives a new one."] =
    "요청 본문은 JSON, 폼, 멀티파트 모두 가능합니다. 토큰은 두 시간 동안 유효하며, 로그인하면 새로 받습니다.",
  ["What there is"] = "할 수 있는 일",
  ["Request"] = "요청",
  ["What it does"] = "하는 일",
  ["Makes an account; answers with a token."] = "계정을 만들고 토큰을 돌려줍니다.",
  ["Answers with a token."] = "토큰을 돌려줍니다.",
  ["Shows your account; changes it."] = "내 계정을 보여 주거나 수정합니다.",
  ["Shows somebody."] = "다른 사용자를 보여 줍니다.",
  ["Makes a participant of an instructor."] = "진행자를 수강생으로도 등록합니다.",
  ["Lists the seminars, by name and age; opens one."] =
    "세미나 목록을 이름과 순서로 찾거나, 새 세미나를 엽니다.",
  ["Shows a seminar; changes it."] = "세미나를 보여 주거나 수정합니다.",
  ["Joins a seminar; drops it."] = "세미나에 참여하거나 드랍합니다.",
  ["When something goes wrong"] = "문제가 생기면",
  ["Every refusal says why, in your language. If the fault is ours, the answer carries a reference."] =
    "요청이 거절되면 그 이유를 한국어로 알려 드립니다. 저희 쪽 문제라면 오류 번호가 함께 갑니다.",
  ["See what that looks like"] = "어떤 모습인지 보기",

  -- operators/reverse_drop.lua
  ["{email} has no dropped seminar."] = "{email} 님이 드랍한 세미나가 없습니다.",
  ["Seminars that {email} dropped:"] = "{email} 님이 드랍한 세미나:",
  ["There is no user with the e-mail address {email}."] = "이메일이 {email}인 사용자가 없습니다.",
  ["There is no seminar {id}."] = "{id}번 세미나가 없습니다.",
  ["Give a reason: it is kept with the run."] = "사유를 입력해 주세요. 실행 기록에 함께 남습니다.",
  ['{email} has never been in "{name}" ({id}), so there is no drop to reverse.'] =
    '{email} 님은 "{name}"({id}번)에 참여한 적이 없어 번복할 드랍이 없습니다.',
  ['{email} is in "{name}" ({id}) and has not dropped it: there is nothing to reverse.'] =
    '{email} 님은 "{name}"({id}번)에 참여하고 있으며 드랍하지 않았습니다. 번복할 것이 없습니다.',
  ['"{name}" ({id}) is full: {taken} of {capacity} places are taken. Add --over-capacity '
    .. 'to bring the student back all the same.'] =
    '"{name}"({id}번)은 정원 {capacity}명에 {taken}명이 참여하고 있어 자리가 없습니다. 그래도 되돌리려면 --over-capacity를 붙여 주세요.',
  ['{email} may join "{name}" ({id}) again; until then the student is not in it.'] =
    '{email} 님이 "{name}"({id}번)에 다시 참여할 수 있습니다. 직접 참여하기 전까지는 명단에 없습니다.',
  ['Careful: "{name}" ({id}) is full, and this brings it over its capacity.'] =
    '주의: "{name}"({id}번)은 정원이 찼으며, 이 작업으로 정원을 넘게 됩니다.',
  ['{email} is back in "{name}" ({id}).'] = '{email} 님이 "{name}"({id}번)에 다시 참여합니다.',
  ["Drop reversal"] = "드랍 번복",
  ["Brings a student back into a seminar that the student dropped."] =
    "수강생을 드랍한 세미나로 되돌립니다.",
  [ [[
The student is in the seminar again, since the same date as before, and can drop it again.
A full seminar is refused unless --over-capacity is given. With --allow-rejoin the old row is removed
instead, and the student joins again through the site.]] ] = [[
수강생이 원래 참여한 날짜 그대로 세미나에 돌아오며, 다시 드랍할 수도 있습니다.
정원이 찬 세미나는 --over-capacity를 붙여야 되돌립니다. --allow-rejoin을 붙이면 되돌리는 대신
기록을 지워, 수강생이 사이트에서 직접 다시 참여합니다.]],
  ["The student's e-mail address."] = "수강생 이메일.",
  ["The number of the seminar that was dropped."] = "드랍한 세미나의 번호.",
  ["Why the student comes back; kept with the run."] = "되돌리는 사유. 실행 기록에 남습니다.",
  ["Also when the seminar is full."] = "정원이 찼어도 되돌립니다.",
  ["Remove the old row, so that the student can join again, instead of bringing the student back."] =
    "되돌리는 대신 기록을 지워, 수강생이 직접 다시 참여할 수 있게 합니다.",

  -- operators/create_user.lua
  ["Nothing was created."] = "아무것도 만들지 않았습니다.",
  ["There is a user with the e-mail address {email} already."] =
    "이메일이 {email}인 사용자가 이미 있습니다.",
  ["User {id} is made: {email}, {role}."] = "{id}번 사용자를 만들었습니다: {email}, {role}.",
  ["New user"] = "새 사용자",
  ["Makes an account for a participant or an instructor."] = "수강생 또는 진행자 계정을 만듭니다.",
  ["The e-mail address to log in with."] = "로그인에 쓸 이메일.",
  ["What the person is called on the site."] = "사이트에서 쓸 이름.",
  ["The password to log in with."] = "로그인에 쓸 비밀번호.",
  ["What the person is."] = "역할.",
  ["Given together with the last name."] = "이름. 성과 함께 입력합니다.",
  ["Given together with the first name."] = "성. 이름과 함께 입력합니다.",
  ["A participant's university."] = "수강생의 대학교.",
  ["An instructor's company."] = "진행자의 회사.",
  ["An instructor's years of experience."] = "진행자의 경력 연수.",

  -- operators/demo_data.lua
  ["There are users already: demo data goes into an empty database only."] =
    "이미 사용자가 있습니다. 데모 데이터는 빈 데이터베이스에만 넣습니다.",
  ["Demo data: {instructors} instructors, {participants} participants, {seminars} seminars, some drops."] =
    "데모 데이터: 진행자 {instructors}명, 수강생 {participants}명, 세미나 {seminars}개, 드랍 몇 건.",
  ["Log in as any of them; the password is {password} for all."] =
    "누구로든 로그인할 수 있습니다. 비밀번호는 모두 {password}입니다.",
  ["An instructor: {email}"] = "진행자: {email}",
  ["A participant: {email}"] = "수강생: {email}",
  ["A participant who dropped seminar {id}: {email}"] = "{id}번 세미나를 드랍한 수강생: {email}",
  ["Demo data"] = "데모 데이터",
  ["Fills an empty database with people, seminars and a few drops to try things with."] =
    "빈 데이터베이스에 시험해 볼 사람, 세미나, 드랍 몇 건을 채웁니다.",

  -- notebooks/reverse_drop.lua
  ['"{name}" ({id}) is full. Give over_capacity=true to bring the student back all the same.'] =
    '"{name}"({id}번)은 자리가 없습니다. 그래도 되돌리려면 over_capacity=true를 주세요.',

  -- notebooks/error_review.lua
  ["Nothing went wrong since {since} that is still open."] = "{since} 안에 생긴, 아직 열려 있는 오류가 없습니다.",
  ["Errors since {since}"] = "{since} 안의 오류",
  ["There is no error of the group {group}."] = "묶음 {group}의 오류가 없습니다.",
  ["In full: mulligan errors show {ref}"] = "자세히: mulligan errors show {ref}",
  ["There is nothing to resolve."] = "해결할 것이 없습니다.",
  ["Left open. To resolve it: -p resolve=true -p group={group}"] =
    "열린 채로 두었습니다. 해결하려면: -p resolve=true -p group={group}",
  ["Resolve the group {group}? This is saved at once."] = "묶음 {group}을(를) 해결로 표시할까요? 바로 저장합니다.",
  ["The group {group} is resolved, and that is saved. If it happens again, it is reopened."] =
    "묶음 {group}을(를) 해결로 표시하고 저장했습니다. 다시 생기면 다시 열립니다.",
  ["Left open."] = "열린 채로 두었습니다.",

  -- alerts/slack.lua
  ["Error! code: {code} :glitch_crab:"] = "Error 발생! code : {code} :glitch_crab:",
  ["A new error"] = "새 오류입니다",
  ["An error that was resolved is back"] = "해결했던 오류가 다시 발생했습니다",
  ["It has happened {total} times now"] = "지금까지 {total}번 발생했습니다",
  ["It happens very often: {times} times since the last message"] =
    "급증하고 있습니다: 지난 알림 뒤로 {times}번 발생했습니다",
  ["The scripts that were saved do not load; those before them serve on"] =
    "저장한 스크립트를 불러올 수 없어 이전 스크립트로 계속 서비스합니다",
  ["An operator's run failed"] = "운영 작업이 실패했습니다",
  ["It happened {times} times more since the last message"] = "지난 알림 뒤로 {times}번 더 발생했습니다",
  ["Somebody who is not logged in"] = "로그인하지 않은 사용자",
  ["{who} met {error} at {where}"] = "{who} 님이 {where} 요청에서 {error} 오류를 만났습니다",
  ["{who} ran {script}, which ended with {error}"] = "{who} 님이 실행한 {script} 작업이 {error} 오류로 끝났습니다",
  ["At {place} in {name}"] = "위치: {place} ({name})",
  ["At {place}"] = "위치: {place}",
  ["Method"] = "메서드",
  ["Route"] = "라우트",
  ["Status"] = "상태 코드",
  ["Count"] = "발생 횟수",
  ["Users"] = "사용자 수",
  ["First seen"] = "처음 발생",
  ["Reference"] = "오류 번호",
  ["Host {host}"] = "호스트 {host}",
  ["Release {release}"] = "릴리스 {release}",
  ["Generation {generation}"] = "스크립트 {generation}세대",
  ["Request {id}"] = "요청 {id}",
  ["Show the error"] = "오류 보기",
  ["… and {count} more"] = "… 외 {count}건",
  ["{count} alerts were held back :glitch_crab:"] = "보류했던 알림 {count}건 :glitch_crab:",
  ["There were more of them than go out in an hour. Since {since} errors happened {times} times:"] =
    "한 시간에 보낼 수 있는 알림보다 많았습니다. {since}부터 오류가 {times}번 발생했습니다:",
  ["A test :glitch_crab:"] = "시험 알림 :glitch_crab:",
  ["Alerts of this host arrive here. Nothing is wrong."] =
    "이 호스트의 알림이 이곳으로 옵니다. 문제가 생긴 것은 아닙니다.",
}
