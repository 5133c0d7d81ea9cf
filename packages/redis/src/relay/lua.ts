/** Takes the lease, or makes it last longer. KEYS: the lease, the counter of its terms. ARGV: the term held, who asks, ms. */
export const holdLua = `
local term = redis.call('GET', KEYS[1])
if term and term ~= ARGV[1] then return { '', string.format('%.0f', redis.call('PTTL', KEYS[1])) } end
if term then redis.call('PEXPIRE', KEYS[1], ARGV[3])
else
  -- no term comes twice: what an earlier one still sends is told by it
  term = redis.call('INCR', KEYS[2]) .. ':' .. ARGV[2]
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
 * Notes how far a section has been sent, if the term is still the present one; where that is all of it, it leaves the outbox.
 * KEYS: the lease, the outbox, the section's cursor, its counters. ARGV: the term, the section's name, epoch and sequence sent.
 */
export const advanceLua = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { 'ousted' } end
redis.call('HSET', KEYS[3], 'epoch', ARGV[3], 'sequence', ARGV[4])
local head = redis.call('HMGET', KEYS[4], 'epoch', 'sequence')
if head[1] == ARGV[3] and head[2] == ARGV[4] then
  redis.call('ZREM', KEYS[2], ARGV[2])
  return { 'done' }
end
-- behind those that wait
local clock = redis.call('TIME')
redis.call('ZADD', KEYS[2], 'XX', clock[1] * 1000 + math.floor(clock[2] / 1000), ARGV[2])
return { 'more' }
`
