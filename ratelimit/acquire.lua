-- Grant up to n permits and remember them; memory.py is the same in Python, storage.py says what is kept.
-- KEYS  log, state
-- ARGV  clock ('' = the server's), id ('' = only look), n, all_or_nothing, must_know, memory, slack,
--       how many rates, {pace, burst}..., {limit, span}...
-- Returns {granted, microseconds until one more, what is in each window then...}, or {-1, 0} for a key that must be
-- known and is not.
local log, state = KEYS[1], KEYS[2]
local id, n = ARGV[2], tonumber(ARGV[3])
local rates = tonumber(ARGV[8])

local function whole(x)
  return string.format('%.0f', x) -- tostring would round to 14 digits
end

local clock = tonumber(ARGV[1])
if not clock then
  local time = redis.call('TIME')
  clock = time[1] * 1000000 + time[2]
end
local newest = redis.call('ZRANGE', log, -1, -1, 'WITHSCORES')[2]
local now = math.max(clock, tonumber(newest) or clock)

local fields = {'memory'}
for place = 1, rates do
  for _, name in ipairs({'due', 'pace', 'since'}) do
    fields[#fields + 1] = name .. place
  end
end
local known = redis.call('HMGET', state, unpack(fields))
if ARGV[5] == '1' and not known[1] then
  return {-1, 0}
end

local free = n
local buckets = {}
for place = 1, rates do
  local pace, burst = tonumber(ARGV[7 + 2 * place]), tonumber(ARGV[8 + 2 * place])
  local due, was, since = tonumber(known[3 * place - 1]), tonumber(known[3 * place]), tonumber(known[3 * place + 1])
  if not due then
    due, since = now, now
  elseif was ~= pace then
    due, since = now + math.ceil(math.max(due - now, 0) / was) * pace, now
  end
  due = math.max(due, now)
  buckets[place] = {due = due, pace = pace, since = since, burst = burst}
  free = math.min(free, math.floor((now + burst * pace - due) / pace))
end

local windows = {}
for at = 9 + 2 * rates, #ARGV, 2 do
  local limit, span = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local after = '(' .. whole(now - span)
  local count = redis.call('ZCOUNT', log, after, '+inf')
  windows[#windows + 1] = {limit = limit, span = span, after = after, count = count}
  free = math.min(free, limit - count)
end

local granted = math.max(free, 0)
if ARGV[4] == '1' and granted < n then
  granted = 0
end

-- The client repeats a call whose reply was lost: it was granted then, it is not spent again.
local repeated = id ~= '' and redis.call('ZSCORE', log, id .. ':0')
if repeated then
  granted = 0
  while granted < n and redis.call('ZSCORE', log, id .. ':' .. granted) do
    granted = granted + 1
  end
end
local spent = repeated and 0 or granted

local ready = now
for _, bucket in ipairs(buckets) do
  ready = math.max(ready, bucket.due + (spent + 1 - bucket.burst) * bucket.pace)
end
for _, window in ipairs(windows) do
  local leaves = window.count + spent - window.limit -- the place of the entry that must leave the window first
  if leaves >= window.count then
    ready = math.max(ready, now + window.span)
  elseif leaves >= 0 then
    local entry = redis.call('ZRANGEBYSCORE', log, window.after, '+inf', 'WITHSCORES', 'LIMIT', leaves, 1)
    ready = math.max(ready, tonumber(entry[2]) + window.span)
  end
end

if id ~= '' and spent > 0 then
  local memory = math.max(tonumber(ARGV[6]), tonumber(known[1]) or 0)
  local entries = {}
  for number = 0, spent - 1 do
    entries[#entries + 1] = whole(now)
    entries[#entries + 1] = id .. ':' .. number
    if #entries == 1000 or number == spent - 1 then -- unpack has a limit of its own
      redis.call('ZADD', log, unpack(entries))
      entries = {}
    end
  end
  redis.call('ZREMRANGEBYSCORE', log, '-inf', whole(now - memory)) -- after ZADD, which is where a full server refuses
  local changes = {'memory', whole(memory)}
  for place, bucket in ipairs(buckets) do
    for name, value in pairs({due = bucket.due + spent * bucket.pace, pace = bucket.pace, since = bucket.since}) do
      changes[#changes + 1] = name .. place
      changes[#changes + 1] = whole(value)
    end
  end
  redis.call('HSET', state, unpack(changes))
  -- Counted from the clock, which may be behind: what is remembered must outlive the time at which it stands still.
  local life = whole(math.ceil((now - clock + memory + tonumber(ARGV[7])) / 1000))
  redis.call('PEXPIRE', log, life)
  redis.call('PEXPIRE', state, life)
end

local answer = {granted, ready > now and ready - clock or 0}
for _, window in ipairs(windows) do
  answer[#answer + 1] = window.count + spent
end
return answer
