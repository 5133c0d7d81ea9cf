import { sectionLua } from './section.ts'

/**
 * Reads documents. Each hash is joined into one text, with NUL between names and values, which no JSON text contains. One long text
 * costs both sides less than a reply with many elements.
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
