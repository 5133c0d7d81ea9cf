/**
 * Takes the lease, or makes it last longer. KEYS: the lease, the counter of its terms. ARGV: the term held, who asks, ms, and the
 * number of a term that is known to have been: after a fail-over the counter may have forgotten it.
 */
export const acquireLua = `
local term = redis.call('GET', KEYS[1])
if term and term ~= ARGV[1] then return { '', string.format('%.0f', redis.call('PTTL', KEYS[1])) } end
local minimumTerm = tonumber(ARGV[4])
if term and tonumber(string.match(term, '^%d+')) > minimumTerm then redis.call('PEXPIRE', KEYS[1], ARGV[3])
else
  -- no term comes twice: what an earlier one still sends is told by it
  local termNumber = redis.call('INCR', KEYS[2])
  if termNumber <= minimumTerm then
    termNumber = minimumTerm + 1
    redis.call('SET', KEYS[2], termNumber)
  end
  term = termNumber .. ':' .. ARGV[2]
  redis.call('SET', KEYS[1], term, 'PX', ARGV[3])
end
return { term, ARGV[3] }
`

/** Gives the lease back. KEYS: the lease. ARGV: the term held. */
export const releaseLua = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return {}
`

/**
 * What waits. KEYS: an index. ARGV: how many names of each, further indexes. Answers how many wait, since when at the longest, their
 * names, and the indexes that other nodes have: in a cluster a script that declares one key may look at all others of its node.
 */
export const pollLua = `
local sections, since, names, otherNodes = 0, nil, {}, {}
local function poll(index, call)
  local count = call('ZCARD', index)
  if type(count) == 'table' then
    otherNodes[#otherNodes + 1] = index
    return
  end
  if count == 0 then return end
  sections = sections + count
  local entries = redis.call('ZRANGE', index, 0, ARGV[1] - 1, 'WITHSCORES')
  for i = 1, #entries, 2 do names[#names + 1] = entries[i] end
  if entries[2] and (not since or tonumber(entries[2]) < tonumber(since)) then since = entries[2] end
end
poll(KEYS[1], redis.call)
for i = 2, #ARGV do poll(ARGV[i], redis.pcall) end
return { tostring(sections), since or '', names, otherNodes }
`

/**
 * Notes how far a section has been sent, unless another term has begun; where that is all of it, it leaves the outbox.
 * KEYS: the outbox, the section's cursor, its counters, and the lease where it is in reach: in a cluster it lies in another slot. There
 * what an earlier term notes late is true, for it was sent, and never comes over what a later one has noted.
 * ARGV: the term, the section's name, epoch and sequence sent.
 */
export const advanceLua = `
if KEYS[4] and redis.call('GET', KEYS[4]) ~= ARGV[1] then return { 'deposed' } end
local termNumber = string.match(ARGV[1], '^%d+')
local last = redis.call('HGET', KEYS[2], 'term')
if last and tonumber(last) > tonumber(termNumber) then return { 'deposed', last } end
redis.call('HSET', KEYS[2], 'epoch', ARGV[3], 'sequence', ARGV[4], 'term', termNumber)
local head = redis.call('HMGET', KEYS[3], 'epoch', 'sequence')
if head[1] == ARGV[3] and head[2] == ARGV[4] then
  redis.call('ZREM', KEYS[1], ARGV[2])
  return { 'done' }
end
-- behind those that wait
local clock = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', clock[1] * 1000 + math.floor(clock[2] / 1000), ARGV[2])
return { 'more' }
`
