import { sectionLua } from './section.ts'

/**
 * Reads documents, each hash joined into one text: its names and values, with what no JSON text holds between them. Both sides of
 * the line have less to do with one long text than with a reply of many.
 */
export const loadLua: string = `${sectionLua}
loadSections()
local found = {}
for i = #sections + 1, #KEYS do
  local s = sections[tonumber(nextArg())]
  local flat = redis.call('HGETALL', KEYS[i])
  if #flat > 0 then
    checkCounters(s, tonumber(redis.call('HGET', KEYS[i], 'VersionId:generation')))
    found[#found + 1] = { int(redis.call('PTTL', KEYS[i])), table.concat(flat, '\\0') }
  else
    found[#found + 1] = { '', '' }
  end
end
addStates()
for _, each in ipairs(found) do
  addToReply(each[1])
  addToReply(each[2])
end
return reply
`
