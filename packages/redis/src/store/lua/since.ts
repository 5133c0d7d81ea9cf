import { sectionLua } from './section.ts'

/** Reads a section's log after a position. The log is contiguous, so its first entry shows whether it still covers the position. */
export const sinceLua: string = `${sectionLua}
local PAGE = 500
loadSections()
local s = sections[1]
local epoch, after, limit, key = nextArg(), tonumber(nextArg()), tonumber(nextArg()), nextArg()
local log = s.prefix .. 'log'
if not isSlotStable(s) and not keysAreLocal(s.meta, log) then tryAgain() end

local function firstSequence()
  local entry = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  return entry and tonumber(string.match(entry[1], '^%d+')) or s.sequence + 1
end

addStates()
if not isInHistory(s, epoch, after) then
  addToReply('unknown-position')
  return reply
end
if after < firstSequence() - 1 then
  addToReply('truncated')
  return reply
end

-- a change begins with its key
local keyPrefix = '[' .. key .. ','
local changes, upTo = {}, s.sequence
local from, more = after + 1, true
while more and from <= s.sequence do
  local count = key == '' and math.min(limit - #changes / 2 + 1, PAGE) or PAGE
  local entries = redis.call('XRANGE', log, int(from), '+', 'COUNT', int(count))
  more = #entries == count
  for _, entry in ipairs(entries) do
    local change, origin = entry[2][2], entry[2][4]
    if key == '' or string.sub(change, 1, #keyPrefix) == keyPrefix then
      if #changes == limit * 2 then
        upTo = tonumber(string.match(changes.last, '^%d+'))
        more = false
        break
      end
      changes[#changes + 1] = change
      changes[#changes + 1] = origin
      changes.last = entry[1]
    end
    from = tonumber(string.match(entry[1], '^%d+')) + 1
  end
end
addToReply('page')
addToReply(int(upTo))
for _, part in ipairs(changes) do addToReply(part) end
return reply
`
