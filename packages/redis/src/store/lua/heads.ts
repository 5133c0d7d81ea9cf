import { sectionLua } from './section.ts'

/** Tells where scopes stand. Who was shown more of an epoch than there is proves a lost tail: a new one begins. */
export const headsLua: string = `${sectionLua}
loadSections()
local questions = {}
for i = 1, tonumber(nextArg()) do
  local question = { section = sections[tonumber(nextArg())], document = tonumber(nextArg()) }
  local epoch, sequence = nextArg(), tonumber(nextArg())
  local s = question.section
  if epoch == s.epoch and sequence > s.sequence then forkEpoch(s) end
  if question.document > 0 then
    local v = redis.call('HMGET', KEYS[question.document], 'VersionId:generation', 'VersionId:latest')
    question.versions = v[1] and v[1] .. ' ' .. v[2] or '0 0'
    checkCounters(s, tonumber(v[1] or nil))
  end
  questions[i] = question
end
addStates()
for _, question in ipairs(questions) do addToReply(question.versions or '') end
return reply
`
