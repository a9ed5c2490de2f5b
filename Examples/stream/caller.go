// Feeds observations to `rulecheck stream` and prints its answers: go run caller.go POLICY
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
)

type object map[string]any

type answer struct {
	Change *struct{ Instance, At, Previous, Verdict string }
	Error  *struct{ Reason, Remedy string }
	Tick   *struct{ Decided string }
}

func main() {
	stream := exec.Command("rulecheck", "stream", "-p", os.Args[1])
	stream.Stderr = os.Stderr
	input, _ := stream.StdinPipe()
	output, _ := stream.StdoutPipe()
	if err := stream.Start(); err != nil {
		log.Fatal(err)
	}
	tell, answers := json.NewEncoder(input), json.NewDecoder(output)

	start := int64(1795395600000) // milliseconds since 1970
	tell.Encode(object{"at": start, "instance": "i-0a1", "attach": "kernel"})
	for minute := int64(1); minute < 6; minute++ {
		now := start + 60_000*minute
		tell.Encode(object{"at": now, "instance": "i-0a1", "sample": "node_load1", "labels": object{"job": "node"}, "value": 2 * minute})
		tell.Encode(object{"at": now, "instance": "i-0a1", "line": fmt.Sprintf("Killed process %d (java)", minute), "source": "kernel"})
		tell.Encode(object{"tick": now})
		for {
			var one answer
			if err := answers.Decode(&one); err != nil {
				log.Fatal(err)
			}
			if one.Error != nil {
				log.Fatal(one.Error.Reason, ": ", one.Error.Remedy)
			}
			if one.Tick != nil {
				break
			}
			previous := one.Change.Previous
			if previous == "" {
				previous = "None"
			}
			fmt.Println("change", one.Change.Instance, one.Change.At, previous, "->", one.Change.Verdict)
		}
	}
	input.Close()
	stream.Wait()
}
