import { sectionLua } from './section.ts'

/** Reads documents, each joined into one JSON text here: the caller parses one text instead of one per field. */
export const loadLua: string = `${sectionLua}
-- header: generation version floor changedAt ttl, then the fields' versions, then the document
local function join(flat)
  local texts, versions, of = {}, {}, {}
  for i = 1, #flat, 2 do
    local name, kind = string.match(flat[i], '^(.*):(%l+)$')
    if name == 'VersionId' then of[kind] = flat[i + 1]
    elseif kind == 'latest' then texts[#texts + 1] = '"' .. name .. '":' .. flat[i + 1]
    else versions[#versions + 1] = '"' .. name .. '":' .. flat[i + 1] end
  end
  return of, '{' .. table.concat(versions, ',') .. '}', '{' .. table.concat(texts, ',') .. '}'
end

openAll()
local found = {}
for i = #sections + 1, #KEYS do
  local s = sections[tonumber(take())]
  local flat = redis.call('HGETALL', KEYS[i])
  local each = {}
  if #flat > 0 then
    each.of, each.versions, each.text = join(flat)
    each.ttl = redis.call('PTTL', KEYS[i])
    doubt(s, tonumber(each.of.generation))
  end
  found[#found + 1] = each
end
pushStandings()
for _, each in ipairs(found) do
  if each.of then
    push(each.of.generation .. ' ' .. each.of.latest .. ' ' .. (each.of.floor or '0') .. ' ' .. each.of.changed .. ' ' .. int(each.ttl))
    push(each.versions)
    push(each.text)
  else
    push('')
    push('')
    push('')
  end
end
return reply
`
