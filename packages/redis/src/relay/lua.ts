/**
 * Acquires or renews the lease.
 *
 * KEYS: the lease, the counter of its terms. ARGV: the term held, the holder's id, the lease in ms, and the number of a term known to
 * have existed, because the counter may have lost it in a fail-over.
 */
export const acquireLua = `
local term = redis.call('GET', KEYS[1])
if term and term ~= ARGV[1] then return { '', string.format('%.0f', redis.call('PTTL', KEYS[1])) } end
local minimumTerm = tonumber(ARGV[4])
if term and tonumber(string.match(term, '^%d+')) > minimumTerm then redis.call('PEXPIRE', KEYS[1], ARGV[3])
else
  -- a term number is never used twice: late writes of an earlier term are recognised by it
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

/** Releases the lease. KEYS: the lease. ARGV: the term held. */
export const releaseLua = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return {}
`

/**
 * Reads outbox indexes.
 *
 * KEYS: one index. ARGV: the maximum number of names per index, and further indexes. In a cluster, a script that declares one key may
 * also read other keys of its node.
 * Reply: the number of waiting sections, the time of the oldest one, the names, and the indexes that are on other nodes.
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
 * Moves a section's cursor, unless a later term has begun. A section that is published completely leaves the outbox.
 *
 * KEYS: the outbox index, the section's cursor, its counters and, outside a cluster, the lease. In a cluster the lease is in another
 * slot. There, a late write of an earlier term is still true, because it follows a publish, and never overwrites a later term's.
 * ARGV: the term, the section's name, the epoch and sequence published.
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
-- at the end of the queue
local clock = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', clock[1] * 1000 + math.floor(clock[2] / 1000), ARGV[2])
return { 'more' }
`
