import { sectionLua } from './section.ts'

/**
 * Reads the heads of scopes. A caller that has seen a higher sequence of the epoch than the section's proves lost commits: a new epoch
 * begins.
 */
export const headsLua: string = `${sectionLua}
loadSections()
local queries = {}
for i = 1, tonumber(nextArg()) do
  local query = { section = sections[tonumber(nextArg())], document = tonumber(nextArg()) }
  local epoch, sequence = nextArg(), tonumber(nextArg())
  local s = query.section
  if epoch == s.epoch and sequence > s.sequence then forkEpoch(s) end
  if query.document > 0 then
    local v = redis.call('HMGET', KEYS[query.document], 'VersionId:generation', 'VersionId:latest')
    query.versions = v[1] and v[1] .. ' ' .. v[2] or '0 0'
    checkCounters(s, tonumber(v[1] or nil))
  end
  queries[i] = query
end
addStates()
for _, query in ipairs(queries) do addToReply(query.versions or '') end
return reply
`
