import { sectionLua } from './section.ts'

/** Reads a section's log after a place. It is contiguous: its first entry says how far it reaches. */
export const sinceLua: string = `${sectionLua}
local PAGE = 500
openAll()
local s = sections[1]
local epoch, after, limit, key = take(), tonumber(take()), tonumber(take()), take()
local log = s.prefix .. 'log'
if not isAtRest(s) and not areHere(s.meta, log) then tryAgain() end

local function first()
  local entry = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  return entry and tonumber(string.match(entry[1], '^%d+')) or s.sequence + 1
end

pushStandings()
if not holds(s, epoch, after) then
  push('elsewhere')
  return reply
end
if after < first() - 1 then
  push('truncated')
  return reply
end

-- a change begins with its key
local ours = '[' .. key .. ','
local changes, upTo = {}, s.sequence
local from, more = after + 1, true
while more and from <= s.sequence do
  local wanted = key == '' and math.min(limit - #changes / 2 + 1, PAGE) or PAGE
  local entries = redis.call('XRANGE', log, int(from), '+', 'COUNT', int(wanted))
  more = #entries == wanted
  for _, entry in ipairs(entries) do
    local change, origin = entry[2][2], entry[2][4]
    if key == '' or string.sub(change, 1, #ours) == ours then
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
push('page')
push(int(upTo))
for _, part in ipairs(changes) do push(part) end
return reply
`
