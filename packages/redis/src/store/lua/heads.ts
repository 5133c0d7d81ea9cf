import { sectionLua } from './section.ts'

/** Tells where scopes stand. Who was shown more of an epoch than there is proves a lost tail: a new one begins. */
export const headsLua: string = `${sectionLua}
openAll()
local asked = {}
for i = 1, tonumber(take()) do
  local question = { section = sections[tonumber(take())], document = tonumber(take()) }
  local epoch, sequence = take(), tonumber(take())
  local s = question.section
  if epoch == s.epoch and sequence > s.sequence then mint(s) end
  if question.document > 0 then
    local v = redis.call('HMGET', KEYS[question.document], 'VersionId:generation', 'VersionId:latest')
    question.versions = v[1] and v[1] .. ' ' .. v[2] or '0 0'
    doubt(s, tonumber(v[1] or nil))
  end
  asked[i] = question
end
pushStandings()
for _, question in ipairs(asked) do push(question.versions or '') end
return reply
`
