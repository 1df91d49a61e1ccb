-- wrk: one signed request after the other, each token used once; answers are looked at, not only counted.
-- Arguments: file with tokens (one a line), file with the body, path, "cards" or "any", index of this run's first token
local tokens, body, path, wanted, first = {}, nil, nil, nil, 0
counter = 0
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(args)
  path, wanted = args[3], args[4]
  first = tonumber(args[5])
  for line in io.lines(args[1]) do tokens[#tokens + 1] = line end
  local file = io.open(args[2], "rb")
  body = file:read("*a")
  file:close()
  empty, failed, ran_out = 0, 0, 0
end

function request()
  -- each thread takes every second token from its own start
  local index = first + number + counter * 2
  counter = counter + 1
  if index > #tokens then
    ran_out = ran_out + 1
    index = #tokens
  end
  return wrk.format("POST", path, {
    ["Content-Type"] = "application/json",
    ["Authorization"] = "Bearer " .. tokens[index],
  }, body)
end

function response(status, headers, text)
  if status ~= 200 then
    failed = failed + 1
  elseif wanted == "cards" and not string.find(text, '"cards":[{', 1, true) then
    empty = empty + 1
  end
end

function done(summary, latency, requests)
  local lost, wrong, short, used = 0, 0, 0, 0
  for _, thread in ipairs(threads) do
    lost = lost + thread:get("empty")
    wrong = wrong + thread:get("failed")
    short = short + thread:get("ran_out")
    used = math.max(used, thread:get("counter"))
  end
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.3f, "p50": %.2f, "p95": %.2f, "p99": %.2f, "max": %.2f, ' ..
    '"connect": %d, "read": %d, "write": %d, "timeout": %d, "not200": %d, "withoutCards": %d, "ranOut": %d, "used": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(95) / 1000,
    latency:percentile(99) / 1000, latency.max / 1000, e.connect, e.read, e.write, e.timeout, wrong, lost, short,
    used * 2))
end
