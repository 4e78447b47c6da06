// Renders the files of all nodes with text/template: VARIABLES TEMPLATE FOLDER.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"text/template"
)

type service struct {
	Port    int
	Servers []string
}

type cluster struct {
	Vip, Hook, Node string
	Services        []service
	Nodes           []string
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	variables, text, folder := os.Args[1], os.Args[2], os.Args[3]
	bytes, err := os.ReadFile(variables)
	must(err)
	var all cluster
	must(json.Unmarshal(bytes, &all))
	parsed, err := template.ParseFiles(text)
	must(err)
	for _, node := range all.Nodes {
		path := filepath.Join(folder, node)
		must(os.MkdirAll(path, 0o755))
		file, err := os.Create(filepath.Join(path, "keepalived.conf"))
		must(err)
		all.Node = node
		out := bufio.NewWriterSize(file, 1<<16)
		must(parsed.Execute(out, &all))
		must(out.Flush())
		must(file.Close())
	}
}
