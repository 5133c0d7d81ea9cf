import { keyIndexLua } from './key-index.ts'
import { sectionLua } from './section.ts'

/**
 * Reads a page of the key index. Reply: `page`, the last member looked at if more follow, and the members of existing documents; or
 * `unindexed`, and the cursor at which `indexLua` continues.
 */
export const keysLua: string = `${sectionLua}${keyIndexLua}
loadSections()
local s = sections[1]
local first, prefix, limit = nextArg(), nextArg(), tonumber(nextArg())
-- while the slot migrates, an absent key can be on the other node
if not isSlotStable(s) then tryAgain() end
addStates()
-- a section without commits has no documents
if s.sequence > 0 and not redis.call('ZSCORE', keyIndex(s), '') then
  local epoch, cursor = string.match(redis.call('HGET', s.meta, 'indexing') or '', '^(%S+) (%d+)$')
  addToReply('unindexed')
  addToReply(epoch == s.epoch and cursor or '0')
  return reply
end
local members = redis.call('ZRANGEBYLEX', keyIndex(s), first, prefix == '' and '+' or '(' .. prefix .. '\\255', 'LIMIT', 0, int(limit))
addToReply('page')
addToReply(#members == limit and members[#members] or '')
for _, member in ipairs(existingMembers(s, members)) do addToReply(member) end
return reply
`

/**
 * Adds the keys of one page of a scan to the index. After the last page it marks the index as complete.
 *
 * The cursor is saved in the section, so that any client continues after one that stopped. A fork of the history starts the scan again:
 * another server has other cursors, and may lack members that were added. Reply: the next cursor, '0' at the end.
 */
export const indexLua: string = `${sectionLua}${keyIndexLua}
loadSections()
local s = sections[1]
local epoch, cursor, pattern, count = nextArg(), nextArg(), nextArg(), nextArg()
if not isSlotStable(s) then tryAgain() end
if epoch ~= s.epoch then cursor = '0' end
local page = redis.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', count, 'TYPE', 'hash')
for _, key in ipairs(page[2]) do
  local part = string.sub(key, #s.prefix)
  -- the section's own keys have an empty third part
  if part ~= '' and string.sub(part, 1, 1) ~= ':' then redis.call('ZADD', keyIndex(s), 0, memberOf(part)) end
end
addStates()
if page[1] == '0' then
  redis.call('ZADD', keyIndex(s), 0, '')
  redis.call('HDEL', s.meta, 'indexing')
else redis.call('HSET', s.meta, 'indexing', s.epoch .. ' ' .. page[1]) end
addToReply(page[1])
return reply
`
